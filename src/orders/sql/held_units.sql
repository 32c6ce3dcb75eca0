-- Units beyond the cap (of one line, or of one buyer on one SKU) that were paid after the cut-off of the line's own clock:
-- they do not enter need yet. Answers per SKU the held units and when the first of them is released.
with wanted as (
  select w.sku, w.cap, c.shop, to_timestamp(c.cutoff / 1000.0) as cutoff
  from unnest($1::text[], $2::int[]) as w(sku, cap) cross join unnest($3::text[], $4::float8[]) as c(shop, cutoff)),
lines as (
  select l.sku, l.shop, l.order_id, l.line_id, coalesce(l.buyer, '') as buyer, l.open_units, l.paid_at, w.cap, w.cutoff
  from wanted w join order_lines l on l.sku = w.sku and l.shop = w.shop
  where l.counts and l.open_units > 200 and l.open_units > w.cap and l.paid_at > w.cutoff),
line_held as (
  select sku, shop, buyer, sum(open_units - cap)::bigint as held, min(paid_at) as first_paid from lines group by sku, shop, buyer),
buyers as (
  select w.sku, w.shop, b.buyer, w.cap, w.cutoff
  from wanted w join lateral (
    select distinct r.buyer from order_lines r where r.shop = w.shop and r.sku = w.sku and r.buyer is not null and r.paid_at > w.cutoff) b on true),
buyer_held as (
  select b.sku, b.shop, b.buyer, sum(l.open_units) as total, coalesce(sum(l.open_units) filter (where l.paid_at <= b.cutoff), 0) as settled, b.cap,
    min(l.paid_at) filter (where l.paid_at > b.cutoff) as first_paid
  from buyers b join order_lines l on l.shop = b.shop and l.sku = b.sku and l.buyer = b.buyer and l.counts and l.open_units > 0
  group by b.sku, b.shop, b.buyer, b.cap having sum(l.open_units) > b.cap),
merged as (
  select sku, shop, buyer, held, first_paid from line_held
  union all
  select sku, shop, buyer, (total - greatest(cap, settled))::bigint, first_paid from buyer_held where total > greatest(cap, settled)),
per_buyer as (
  select sku, shop, buyer, case when buyer = '' then sum(held) else max(held) end as held, min(first_paid) as first_paid from merged group by sku, shop, buyer)
select sku, sum(held)::bigint as held, min(first_paid) as first_paid from per_buyer group by sku
