insert into order_events (shop, event_id, occurred_at, order_id, line_id, sku, type, quantity, unit_price, currency, kind, payment, ship_by, broadcast, anchor, supplier, lot, buyer)
select e.shop, e.event_id, to_timestamp(e.occurred_at / 1000.0), e.order_id, e.line_id, e.sku, e.type, e.quantity, e.unit_price, e.currency, e.kind, e.payment,
  to_timestamp(e.ship_by / 1000.0), e.broadcast, e.anchor, e.supplier, e.lot, e.buyer
from unnest($1::text[], $2::text[], $3::float8[], $4::text[], $5::text[], $6::text[], $7::text[], $8::int[], $9::bigint[], $10::text[], $11::text[], $12::text[], $13::float8[],
  $14::text[], $15::text[], $16::text[], $17::text[], $18::text[])
  as e(shop, event_id, occurred_at, order_id, line_id, sku, type, quantity, unit_price, currency, kind, payment, ship_by, broadcast, anchor, supplier, lot, buyer)
