#!/bin/sh
# What a file of the page imports from another is exported there. (A browser says so too, but then there is no page.)
# vendor/ is made by npm, and known to it alone.
set -eu

git ls-files -co --exclude-standard 'web/*.js' | xargs perl -0777 -e '
	my (%gives, @takes);
	for my $file (@ARGV) {
		open my $in, "<", $file or die "$file: $!\n";
		my $text = <$in>;
		$gives{$file}{$1} = 1 while $text =~ /^export (?:default )?(?:async )?(?:function\*?|class|const|let) (\w+)/mg;
		while ($text =~ /^(import|export) \{([^}]*)\}(?: from \x27([^\x27]*)\x27)?/mg) {
			my ($what, $names, $from) = ($1, $2, $3);
			for my $name (grep { /\w/ } split /,/, $names) {
				my ($here, $there) = $name =~ /^\s*(\w+)(?: as (\w+))?\s*$/ or die "$file: cannot read: $name\n";
				$gives{$file}{$there // $here} = 1 if $what eq "export";
				push @takes, [$file, $here, $from] if defined $from;
			}
		}
	}
	my $status = 0;
	for (@takes) {
		my ($file, $name, $from) = @$_;
		next if $from =~ m{/vendor/};
		my $path = ($file =~ s{[^/]*$}{}r) . $from;
		$path =~ s{(^|/)\./}{$1}g;
		1 while $path =~ s{[^/]+/\.\./}{};
		next if $gives{$path}{$name};
		print "$file: imports $name, which $path does not export\n";
		$status = 1;
	}
	exit $status'
