#!/bin/sh
# page.sh OUT: put the web page into OUT/web: our files, and three of other people's, fetched by npm and checked.
# Without npm, or where it cannot fetch, the page is left out, in one line: the program works without it.
set -eu

out=$1
new=$out/web.new
packages=$out/npm

leave_out() {
	rm -rf "$new"
	echo "  page    left out: $1"
	exit 0
}

as_pinned() { # a folder with the three files
	(cd "$1" 2>/dev/null && sha256sum --status -c) <web/vendor.sha256 2>/dev/null
}

fetch() { # into the folder $1
	command -v npm >/dev/null || leave_out "there is no npm (install it, then make again)"
	mkdir -p "$packages"
	cp web/package.json web/package-lock.json "$packages"
	npm ci --ignore-scripts --no-audit --no-fund --prefix "$packages" >"$packages/log" 2>&1 ||
		leave_out "npm cannot fetch what it needs ($packages/log says why)"
	cp "$packages/node_modules/htm/preact/standalone.module.js" "$1/preact.js"
	cp "$packages/node_modules/uplot/dist/uPlot.esm.js" "$1/uplot.js"
	cp "$packages/node_modules/uplot/dist/uPlot.min.css" "$1/uplot.css"
}

rm -rf "$new"
mkdir -p "$new/vendor"
if as_pinned "$out/web/vendor"; then
	cp "$out/web/vendor"/* "$new/vendor"
else
	fetch "$new/vendor"
fi
as_pinned "$new/vendor" || leave_out "what npm brought is not what web/vendor.sha256 names"
cp -R web/*.html web/*.js web/*.css web/*.svg web/lib web/pages "$new"
rm -rf "$out/web"
mv "$new" "$out/web"
echo "  page    $out/web"
