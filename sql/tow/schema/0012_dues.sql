-- What is due is asked for of all duties at once: see tow_store.dues.
drop function if exists tow_store.due_in(text, double precision, double precision, timestamptz);
drop function if exists tow.tick(bigint, jsonb, text);
comment on table tow_store.duty is 'What the scheduler does. every: how often each has a turn; when there is work for it, see tow_store.dues, it has one earlier, and some have none while there is not.';
