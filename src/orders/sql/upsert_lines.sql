insert into order_lines (shop, order_id, line_id, sku, state, counts, kind, broadcast, anchor, supplier, buyer, ordered, open_units, shipped, lot, counted_at, paid_at, ship_by, flags, net_paid, delivered_at, clock_at)
select coalesce(l.shop, $1), l.order_id, coalesce(l.line_id, $4), l.sku, l.state::json, coalesce(l.counts, true), coalesce(l.kind, $9), coalesce(l.broadcast, ''), l.anchor, l.supplier, l.buyer, l.ordered, coalesce(l.open_units, 0), coalesce(l.shipped, 0), l.lot,
  to_timestamp(l.counted_at / 1000.0), to_timestamp(l.paid_at / 1000.0), to_timestamp(l.ship_by / 1000.0), coalesce(string_to_array(l.flags, ','), '{}'),
  l.net_paid, to_timestamp(l.delivered_at / 1000.0), to_timestamp(l.clock_at / 1000.0)
-- One text for all states, parted by a character that JSON escapes: as an array of texts every quote in them would be escaped on the way.
from unnest($2::text[], $3::text[], $5::text[], $6::text[], string_to_array($7, E'\x1e'), $8::bool[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::int[], $16::int[], $17::int[], $18::text[],
  $19::float8[], $20::float8[], $21::float8[], $22::text[], $23::int[], $24::float8[], $25::float8[])
  as l(shop, order_id, line_id, sku, state, counts, kind, broadcast, anchor, supplier, buyer, ordered, open_units, shipped, lot, counted_at, paid_at, ship_by, flags, net_paid, delivered_at, clock_at)
on conflict (shop, order_id, line_id, sku) do update set state = excluded.state, counts = excluded.counts, kind = excluded.kind, broadcast = excluded.broadcast,
  anchor = excluded.anchor, supplier = excluded.supplier, buyer = excluded.buyer, ordered = excluded.ordered, open_units = excluded.open_units, shipped = excluded.shipped, lot = excluded.lot,
  counted_at = excluded.counted_at, paid_at = excluded.paid_at, ship_by = excluded.ship_by, flags = excluded.flags, net_paid = excluded.net_paid, delivered_at = excluded.delivered_at, clock_at = excluded.clock_at
