-- What is due is asked for of all duties at once: see tow_store.dues.
drop function if exists tow_store.due_in(text, double precision, double precision, timestamptz);
drop function if exists tow.tick(bigint, jsonb, text);
