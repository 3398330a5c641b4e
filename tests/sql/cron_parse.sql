-- tow.cron_parse and tow.cron_describe: what is understood, what is refused and with which words.
begin;
set local search_path = public, pg_catalog;
select * from no_plan();

create function pg_temp.ints(p_from int, p_to int) returns jsonb
language sql as $$ select jsonb_agg(i) from generate_series(p_from, p_to) i $$;

-- One field at a time: the rest is stars.
select is(tow.cron_parse(spec) -> field, want::jsonb, format('%s: %s', spec, field))
from (values
	('0 0 * * *', 'seconds', '[0]'), ('30 0 0 * * *', 'seconds', '[30]'), ('*/20 * * * * *', 'seconds', '[0, 20, 40]'),
	('*/15 * * * *', 'minutes', '[0, 15, 30, 45]'), ('10-50/10 * * * *', 'minutes', '[10, 20, 30, 40, 50]'),
	('5/15 * * * *', 'minutes', '[5, 20, 35, 50]'), ('50-10/10 * * * *', 'minutes', '[0, 10, 50]'), ('*/60 * * * *', 'minutes', '[0]'),
	('3,1,2,1 * * * *', 'minutes', '[1, 2, 3]'), ('0-3,59 * * * *', 'minutes', '[0, 1, 2, 3, 59]'), ('05 * * * *', 'minutes', '[5]'),
	('* 22-3 * * *', 'hours', '[0, 1, 2, 3, 22, 23]'), ('* 22-3/2 * * *', 'hours', '[0, 2, 22]'), ('* 12/6 * * *', 'hours', '[12, 18]'),
	('* * 28-2 * *', 'days', '[1, 2, 28, 29, 30, 31]'), ('* * */10 * *', 'days', '[1, 11, 21, 31]'),
	('* * L * *', 'days', '[-1]'), ('* * l-3,5 * *', 'days', '[-4, 5]'), ('* * L-30 * *', 'days', '[-31]'), ('* * * * *', 'days', null), ('* * ? * *', 'days', null),
	('* * 5,* * *', 'days', null), ('* * 15W * *', 'near', '[15]'), ('* * LW,1w * *', 'near', '[-1, 1]'), ('* * 15W * *', 'days', null),
	('* * * jan *', 'months', '[1]'), ('* * * MAR-may *', 'months', '[3, 4, 5]'), ('* * * nov-feb *', 'months', '[1, 2, 11, 12]'),
	('* * * December *', 'months', '[12]'), ('* * * */3 *', 'months', '[1, 4, 7, 10]'),
	('* * * * MON', 'weekdays', '[1]'), ('* * * * monday', 'weekdays', '[1]'), ('* * * * 7', 'weekdays', '[0]'), ('* * * * 0', 'weekdays', '[0]'),
	('* * * * 5-7', 'weekdays', '[0, 5, 6]'), ('* * * * fri-mon', 'weekdays', '[0, 1, 5, 6]'), ('* * * * 0-7', 'weekdays', '[0, 1, 2, 3, 4, 5, 6]'),
	('* * * * 1-7', 'weekdays', '[0, 1, 2, 3, 4, 5, 6]'), ('* * * * 7-2', 'weekdays', '[0, 1, 2]'), ('* * * * sat-sun', 'weekdays', '[0, 6]'),
	('* * * * 6-7', 'weekdays', '[0, 6]'), ('* * * * mon-sun', 'weekdays', '[0, 1, 2, 3, 4, 5, 6]'), ('* * * * */2', 'weekdays', '[0, 2, 4, 6]'), ('* * * * ?', 'weekdays', null),
	('* * * * fri#2', 'nth', '["5#2"]'), ('* * * * 5L', 'nth', '["5#L"]'), ('* * * * friL', 'nth', '["5#L"]'), ('* * * * 7L,7#1', 'nth', '["0#1", "0#L"]'),
	('* * * * 1,fri#5', 'weekdays', '[1]')
) c(spec, field, want);
select is(tow.cron_parse('* * * * *') -> 'minutes', pg_temp.ints(0, 59), '* is every minute');
select is(tow.cron_parse('* * * * *') -> 'hours', pg_temp.ints(0, 23), '* is every hour');
select is(tow.cron_parse(E' \t0   3 * *\t* \n'), tow.cron_parse('0 3 * * *'), 'blanks do not matter');
select is(tow.cron_parse(word), tow.cron_parse(spec), word) from (values
	('@yearly', '0 0 1 1 *'), ('@ANNUALLY', '0 0 1 jan *'), ('@monthly', '0 0 1 * *'), ('@weekly', '0 0 * * sun'),
	('@daily', '0 0 * * *'), ('@midnight', '0 0 * * *'), ('@hourly', '0 * * * *')) c(word, spec);
select is(tow.cron_parse('@every ' || period), jsonb_build_object('every', seconds), '@every ' || period) from (values
	('90s', 90), ('1h30m', 5400), ('2 days', 172800), ('1 day 2 hours', 93600), ('1s', 1), ('1w', 604800), ('5 minutes 1 sec', 301), ('3660d', 316224000)) c(period, seconds);

-- Every refusal: its code, the whole message, the reason again as detail, and a hint.
create function pg_temp.refusal(p_spec text, out code text, out message text, out detail text, out hint text)
language plpgsql as $$
begin
	perform tow.cron_parse(p_spec);
exception when others then
	get stacked diagnostics code = returned_sqlstate, message = message_text, detail = pg_exception_detail, hint = pg_exception_hint;
end $$;
select is(row(r.code, r.message, r.detail), row('TW422'::text, format('bad cron spec %s: %s', coalesce(quote_literal(spec), 'null'), why), why)::record,
	format('%s is refused: %s', coalesce(spec, 'null'), why))
from (values
	(null, 'it is null or longer than 500 characters'), ('', 'it has no fields, not five or six'), ('  ', 'it has no fields, not five or six'),
	('nonsense', 'it has one field, not five or six'), ('* * * *', 'it has 4 fields, not five or six'), ('* * * * * * *', 'it has 7 fields, not five or six'),
	('60 * * * *', 'minute 60 is not within 0-59'), ('60 * * * * *', 'second 60 is not within 0-59'), ('* 24 * * *', 'hour 24 is not within 0-23'),
	('* * 0 * *', 'day 0 is not within 1-31'), ('* * 32 * *', 'day 32 is not within 1-31'), ('* * 0-5 * *', 'day 0 is not within 1-31'), ('* * * 13 *', 'month 13 is not within 1-12'),
	('* * * 0 *', 'month 0 is not within 1-12'), ('* * * * 8', 'weekday 8 is not within 0-7'), ('99999999999 * * * *', 'minute 99999999999 is not within 0-59'),
	('5-99 * * * *', 'minute 99 is not within 0-59'), ('*/0 * * * *', 'minute step 0 is not within 1-60'), ('*/61 * * * *', 'minute step 61 is not within 1-60'),
	('* */25 * * *', 'hour step 25 is not within 1-24'), ('-5 * * * *', 'minute ''-5'' is not a value, a range, a step or *'),
	('5- * * * *', 'minute ''5-'' is not a value, a range, a step or *'), ('1-2-3 * * * *', 'minute ''1-2-3'' is not a value, a range, a step or *'),
	('*-5 * * * *', 'minute ''*-5'' is not a value, a range, a step or *'), ('*/ * * * *', 'minute ''*/'' is not a value, a range, a step or *'),
	('*/x * * * *', 'minute ''*/x'' is not a value, a range, a step or *'), ('1,,2 * * * *', 'minute '''' is not a value, a range, a step or *'),
	(', * * * *', 'minute '''' is not a value, a range, a step or *'), ('1.5 * * * *', 'minute ''1.5'' is not a value, a range, a step or *'),
	('? * * * *', 'minute ''?'' is not a value, a range, a step or *'), ('* * ?/2 * *', 'day ''?/2'' is not a value, a range, a step or *'),
	('* * 1,,2 * *', 'day '''' is not a value, a range, a step or *'), ('* * * * 1,', 'weekday '''' is not a value, a range, a step or *'),
	('mon * * * *', 'minute ''mon'' is not a number'), ('* * mon * *', 'day ''mon'' is not a number'), ('* * * mon *', 'month ''mon'' is not a number or a name'),
	('* * * * jan', 'weekday ''jan'' is not a number or a name'), ('* * * janu *', 'month ''janu'' is not a number or a name'),
	('* * * * L', 'weekday ''l'' does not say which: the last Friday of the month is 5L'), ('* * L-0 * *', 'day before the last 0 is not within 1-30'),
	('* * L-31 * *', 'day before the last 31 is not within 1-30'), ('* * 32W * *', 'day 32 is not within 1-31'), ('* * 0W * *', 'day 0 is not within 1-31'),
	('* * L-3W * *', 'day ''l'' is not a number'), ('* * 5L * *', 'day ''5l'' is not a number'),
	('* * 1-5W * *', 'day ''5w'' is not a number'), ('* * * * 8L', 'weekday 8 is not within 0-7'), ('* * * * fri#0', 'weekday ''fri#0'': after # comes 1 to 5'),
	('* * * * fri#6', 'weekday ''fri#6'': after # comes 1 to 5'), ('* * * * fri#', 'weekday ''fri#'': after # comes 1 to 5'), ('* * * * fri#2#1', 'weekday ''fri#2#1'': after # comes 1 to 5'),
	('* * * * foo#1', 'weekday ''foo'' is not a number or a name'), ('* * * * #1', 'weekday ''#1'' is not a value, a range, a step or *'), ('* * 1#1 * *', 'day ''1#1'' is not a value, a range, a step or *'),
	('@never', '''@never'' is not a word of the cron language'), ('@', '''@'' is not a word of the cron language'), ('@everyday', '''@everyday'' is not a word of the cron language'),
	('@daily 5', '''@daily 5'' is not a word of the cron language'), ('@every', ''''' is not a period such as 90s, 1h30m or 2 days'),
	('@every 5', '''5'' is not a period such as 90s, 1h30m or 2 days'), ('@every 5x', '''5x'' is not a period such as 90s, 1h30m or 2 days'),
	('@every 1 month', '''1 month'' is not a period such as 90s, 1h30m or 2 days'), ('@every 1.5h', '''1.5h'' is not a period such as 90s, 1h30m or 2 days'),
	('@every -5s', '''-5s'' is not a period such as 90s, 1h30m or 2 days'), ('@every 500ms', '''500ms'' is not a period such as 90s, 1h30m or 2 days'),
	('@every 0s', 'a period is from 1 second to 3660 days'), ('@every 3661d', 'a period is from 1 second to 3660 days'),
	('@every 999999999w 999999999w', 'a period is from 1 second to 3660 days'), ('0 3 * * *; drop', 'month ''*;'' is not a value, a range, a step or *')
) c(spec, why), lateral pg_temp.refusal(spec) r;
select is((pg_temp.refusal(repeat('1,', 300) || '1 * * * *')).code, 'TW422', 'an endless spec is refused');
select matches((pg_temp.refusal('x')).hint, '^five fields: minute hour day month weekday', 'the hint says what a spec is');

select is(tow.cron_describe(spec), words, spec) from (values
	('0 3 * * 1', 'at 03:00 on Monday'), ('0 3 * * *', 'at 03:00 every day'), ('30 0 3 * * *', 'at 03:00:30 every day'), ('* * * * *', 'every minute'),
	('* * * * * *', 'every second'), ('*/10 * * * * *', 'every 10 seconds'), ('*/15 * * * *', 'every 15 minutes'), ('0 * * * *', 'every hour'), ('@hourly', 'every hour'),
	('0 */2 * * *', 'every 2 hours'), ('5 * * * *', 'at minute 5 of every hour'), ('5 */2 * * *', 'at minute 5 of every 2nd hour'),
	('30 * * * * *', 'at second 30 of every minute'), ('30 5 * * * *', 'at second 30 of minute 5 of every hour'), ('30 */5 * * * *', 'at second 30 of every 5th minute'),
	('*/15 9-17 * * mon-fri', 'every 15 minutes of hours 9 to 17 on Monday to Friday'), ('* 3 * * *', 'every minute of hour 3'),
	('* * 3 * * *', 'every second of hour 3'), ('0 9,12,18 * * fri-mon', 'at 09:00, 12:00 and 18:00 on Monday and Friday to Sunday'),
	('7,8,9,20 1-20 1-7 jan *', 'at minutes 7 to 9 and 20 of hours 1 to 20 on the 1st to the 7th in January'),
	('0 0 1,15,22 * *', 'at 00:00 on the 1st, the 15th and the 22nd'), ('0 0 */2 * *', 'at 00:00 on every 2nd day from the 1st'), ('0 0 L * *', 'at 00:00 on the last day'),
	('0 0 L-1,L-3 * *', 'at 00:00 on the day before the last and the 3rd day before the last'), ('0 0 13 * fri', 'at 00:00 on the 13th or on Friday'),
	('0 0 15W,LW * *', 'at 00:00 on the last weekday and the weekday nearest the 15th'), ('0 0 * * fri#2,5L', 'at 00:00 on the 2nd Friday and the last Friday'),
	('@yearly', 'at 00:00 on the 1st in January'), ('0 12 ? 3,7 ?', 'at 12:00 every day in March and July'), ('@every 90s', 'every 1 minute 30 seconds'),
	('@every 1h', 'every hour'), ('@every 2 days', 'every 2 days'), ('59 23 11-13 * *', 'at 23:59 on the 11th to the 13th')) c(spec, words);
select throws_ok($$ select tow.cron_describe('61 * * * *') $$, 'TW422', null, 'what is no spec has no description');

select * from finish();
rollback;
