-- What an import chooses, what it unpacks, and what makes way for something better.
alter table haul_store.library
	drop constraint library_taken_check,
	add constraint library_taken_check check (taken in ('suffix', 'skip', 'replace', 'better', 'fail')),
	add qualities text[] not null default '{}',
	add junk text[] not null default '{url,webloc,website,txt,htm,html,nzb,torrent,par2,sfv,md5,sha1,srr,srs,diz}',
	add extras boolean not null default false,
	add unpack boolean not null default true,
	add unpack_bytes bigint not null default 549755813888 check (unpack_bytes > 0),
	add unpack_times int not null default 50 check (unpack_times > 0),
	add unpack_files int not null default 100000 check (unpack_files > 0);
comment on column haul_store.library.taken is 'When the name is another file''s: suffix (name.1.ext), skip, replace (the other goes into .tow-recycle), better (it is replaced if it came from a download that was not as good), fail.';
comment on column haul_store.library.qualities is 'From the worst to the best, as meta ->> ''quality'' has them: for taken = better. Where both are not among them the bigger file is better.';
comment on column haul_store.library.junk is 'What comes along and nobody wants, by its extension.';
comment on column haul_store.library.extras is 'Whether trailers, featurettes and the like are placed, beside the main file.';
comment on column haul_store.library.unpack is 'Whether archives are unpacked, and their files placed instead of them.';
comment on column haul_store.library.unpack_bytes is 'An archive that holds more is refused,';
comment on column haul_store.library.unpack_times is 'likewise one that holds more than so many times its own size,';
comment on column haul_store.library.unpack_files is 'likewise one of more files.';

alter table haul_store.file
	drop constraint file_state_check,
	add constraint file_state_check check (state in ('planned', 'placed', 'skipped', 'failed', 'undone', 'replaced')),
	add archive text,
	add taken text,
	add former_size bigint,
	add former_ino numeric(20);
comment on column haul_store.file.source is 'Below the transfer''s folder; of a file that was in an archive, the archive''s own name is one of its folders.';
comment on column haul_store.file.why is 'Why it is skipped, or what is to be said of its place.';
comment on column haul_store.file.archive is 'The archive that it was in; null: the client has it as it is.';
comment on column haul_store.file.taken is 'What becomes of a file that has its name; null: as the library says.';
comment on column haul_store.file.former_size is 'Of what it replaced, with former_ino: so that it is known again.';
create index file_target on haul_store.file (target) where state = 'placed';
