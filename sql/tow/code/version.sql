-- As the file VERSION has it (contrib/lint/generated.sh looks): what the program was that brought these functions.
create or replace function tow.version() returns text
language sql immutable parallel safe security definer set search_path = pg_catalog, pg_temp
return '0.11.0';
comment on function tow.version() is 'The version of tow whose functions these are, which is that of the last tow migrate.';
