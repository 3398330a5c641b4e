# Lines "row TAB column TAB value" become a markdown table: the median of a cell's values, their range when there are
# several, and with -v base=ROW the ratio of the medians to that row's.
function sorted_median(key,    n, i, j, t, v) {
	n = split(values[key], v, " ")
	for (i = 2; i <= n; i++)
		for (j = i; j > 1 && v[j - 1] + 0 > v[j] + 0; j--) { t = v[j]; v[j] = v[j - 1]; v[j - 1] = t }
	low = v[1]; high = v[n]; count = n
	return n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
}
function shown(x) {
	return x == int(x) || x >= 100 ? sprintf("%d", x + 0.5) : sprintf("%.3g", x)
}
function cell(row, column,    key, m, text, of) {
	key = row SUBSEP column
	if (!(key in values))
		return "-"
	if (values[key] !~ /^ *[-+0-9.eE ]+$/)
		return values[key]
	m = sorted_median(key)
	text = shown(m) (count > 1 ? " (" shown(low) "-" shown(high) ")" : "")
	if (base != "" && (base SUBSEP column) in values && row != base && (of = sorted_median(base SUBSEP column)) > 0)
		text = text sprintf(", %.2f", m / of)
	return text
}
{
	if (!($1 in seen_row)) { seen_row[$1] = 1; row[++rows] = $1 }
	if (!($2 in seen_column)) { seen_column[$2] = 1; column[++columns] = $2 }
	values[$1, $2] = values[$1, $2] ((($1, $2) in values && values[$1, $2] != "") ? " " : "") $3
}
END {
	printf "|  |"
	for (c = 1; c <= columns; c++) printf " %s |", column[c]
	printf "\n|---|"
	for (c = 1; c <= columns; c++) printf "---|"
	printf "\n"
	for (r = 1; r <= rows; r++) {
		printf "| %s |", row[r]
		for (c = 1; c <= columns; c++) printf " %s |", cell(row[r], column[c])
		printf "\n"
	}
	if (base != "") printf "\nAfter the comma: the ratio to %s.\n", base
}
