-- Claims identities; answers only those that were free. A concurrent claim of the same identity is waited for.
insert into event_identities (shop, event_id, digest)
select * from unnest($1::text[], $2::text[], $3::bytea[])
on conflict do nothing
returning shop, event_id
