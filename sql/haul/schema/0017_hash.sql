-- By which a torrent is known, also when its client does not hold it any more.
alter table haul_store.download add column hash text check (hash ~ '^[0-9a-f]{40}$');
comment on column haul_store.download.hash is 'The hash of a torrent, once it is known; stays when its client has forgotten it, unlike the key.';
comment on column haul_store.download.data is 'What a .torrent or .nzb holds; beside a link, what that led to when it was first read, until the download is completed.';
update haul_store.download d set hash = (select h.id from unnest(array[t.key, d.key] || t.ids) h(id) where h.id ~ '^[0-9a-f]{40}$' limit 1)
from (select o.id, x.key, x.ids from haul_store.download o left join haul_store.transfer x on x.download = o.id where o.type = 'torrent') t
where t.id = d.id and (t.key ~ '^[0-9a-f]{40}$' or d.key ~ '^[0-9a-f]{40}$' or t.ids <> '{}');
