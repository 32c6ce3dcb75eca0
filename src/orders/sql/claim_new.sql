-- Claims identities that are thought to be new. One that is not fails the statement: that costs the batch a second try, but asking
-- for each of them ("on conflict") would cost nearly as much as writing them.
insert into event_identities (shop, event_id, digest)
select coalesce(i.shop, $1), i.event_id, substring($4::bytea from 16 * (i.n - 1)::int + 1 for 16)
from unnest($2::text[], $3::text[]) with ordinality as i(shop, event_id, n)
