-- Tokens of programs that enqueue over HTTP and do nothing else; such a one may be held to queues. What it begins is its own to seal.
alter table tow_store.token drop constraint token_role_check;
alter table tow_store.token add constraint token_role_check check (role in ('viewer', 'producer', 'operator', 'admin'));
alter table tow_store.token add column queues text[] check (queues is null or role = 'producer' and cardinality(queues) > 0);
comment on column tow_store.token.queues is 'A producer''s: the only queues that there are for it; null: all.';

alter table tow_store.route drop constraint route_role_check;
alter table tow_store.route add constraint route_role_check check (role in ('viewer', 'producer', 'operator', 'admin'));
comment on column tow_store.route.role is 'The least role, null: anybody''s; viewers are no producers, nor the other way round. The function''s grants are what counts.';

alter table tow_store.family add column who text;
comment on column tow_store.family.who is 'Of a batch: who began it.';
