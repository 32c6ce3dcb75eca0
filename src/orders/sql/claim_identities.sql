-- Claims identities; answers only those that were free. A concurrent claim of the same identity is waited for.
insert into event_identities (shop, event_id, digest)
select coalesce(i.shop, $1), i.event_id, substring($4::bytea from 16 * (i.n - 1)::int + 1 for 16)
from unnest($2::text[], $3::text[]) with ordinality as i(shop, event_id, n)
on conflict do nothing
returning shop, event_id
