#!/bin/sh
# sql_in_c.sh FILE...: C holds no SQL. statement.c makes `select * from verb(...)`; everything else is a function in sql/.
# Found is a string that starts like a statement. Help texts that show one to people put something before it.
set -eu

name='[a-z_][a-z_.]*'
statement="(select|delete) +(\\*|from|distinct|$name *[(,]|$name +from)\
|insert +into|update +$name +set|with +(recursive +)?$name +as|truncate +$name|copy +$name\
|(create|alter|drop) +(or +replace +)?(table|view|index|function|schema|role|database|extension|sequence|type)\
|(grant|revoke) +$name.* +(to|on|from)|(listen|notify|unlisten) +$name\"\
|set +(local|session|role|$name *=|$name +to +[a-z0-9'])|(call|do) +($name *\\(|\\$)\
|(begin|commit|rollback)( +(work|transaction|to .*))?;?\""
status=0
for file; do
	case $file in
	src/core/statement.c) continue ;; # form the one statement
	src/cli/migrate.c | src/cli/lib/migration.c) continue ;; # run the files of sql/
	esac
	if grep -nHE "\"($(printf '%s' "$statement" | tr -d '\n'))" "$file"; then
		status=1
	fi
done
exit $status
