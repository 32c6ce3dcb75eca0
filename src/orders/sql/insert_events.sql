insert into order_events (shop, event_id, occurred_at, order_id, line_id, sku, type, quantity, unit_price, currency, kind, payment, ship_by, broadcast, anchor, supplier, lot, buyer)
select coalesce(e.shop, $1), e.event_id, to_timestamp(e.occurred_at / 1000.0), e.order_id, coalesce(e.line_id, $6), e.sku, coalesce(e.type, $9), coalesce(e.quantity, 1), e.unit_price, e.currency, e.kind, e.payment,
  to_timestamp(e.ship_by / 1000.0), e.broadcast, e.anchor, e.supplier, e.lot, e.buyer
from unnest($2::text[], $3::text[], $4::float8[], $5::text[], $7::text[], $8::text[], $10::text[], $11::int[], $12::bigint[], $13::text[], $14::text[], $15::text[], $16::float8[],
  $17::text[], $18::text[], $19::text[], $20::text[], $21::text[])
  as e(shop, event_id, occurred_at, order_id, line_id, sku, type, quantity, unit_price, currency, kind, payment, ship_by, broadcast, anchor, supplier, lot, buyer)
