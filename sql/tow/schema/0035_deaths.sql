-- Rows of workers go after a week: how many have died since this was made is counted apart, as Prometheus wants what never goes back.
create sequence tow_store.deaths;
comment on sequence tow_store.deaths is 'One for each worker that was given up.';
