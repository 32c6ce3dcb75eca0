insert into order_lines (shop, order_id, line_id, sku, state, counts, kind, broadcast, anchor, supplier, buyer, ordered, open_units, shipped, lot, counted_at, paid_at, ship_by, flags, net_paid, delivered_at, clock_at)
select l.shop, l.order_id, l.line_id, l.sku, s.state, l.counts, l.kind, l.broadcast, l.anchor, l.supplier, l.buyer, l.ordered, l.open_units, l.shipped, l.lot,
  to_timestamp(l.counted_at / 1000.0), to_timestamp(l.paid_at / 1000.0), to_timestamp(l.ship_by / 1000.0), string_to_array(l.flags, ','),
  l.net_paid, to_timestamp(l.delivered_at / 1000.0), to_timestamp(l.clock_at / 1000.0)
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $6::bool[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::int[], $13::int[],
  $18::int[], $19::text[], $14::float8[], $15::float8[], $16::float8[], $17::text[], $20::int[], $21::float8[], $22::float8[])
  with ordinality as l(shop, order_id, line_id, sku, counts, kind, broadcast, anchor, supplier, buyer, ordered, open_units, shipped, lot, counted_at, paid_at, ship_by, flags, net_paid, delivered_at, clock_at, n)
-- One JSON text for all states: as an array of texts every quote in them would be escaped on the way.
join json_array_elements($5::json) with ordinality as s(state, n) using (n)
on conflict (shop, order_id, line_id, sku) do update set state = excluded.state, counts = excluded.counts, kind = excluded.kind, broadcast = excluded.broadcast,
  anchor = excluded.anchor, supplier = excluded.supplier, buyer = excluded.buyer, ordered = excluded.ordered, open_units = excluded.open_units, shipped = excluded.shipped, lot = excluded.lot,
  counted_at = excluded.counted_at, paid_at = excluded.paid_at, ship_by = excluded.ship_by, flags = excluded.flags, net_paid = excluded.net_paid, delivered_at = excluded.delivered_at, clock_at = excluded.clock_at
