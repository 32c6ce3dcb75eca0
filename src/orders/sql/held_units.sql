-- Units beyond the cap (of one line without a buyer, or of one buyer on one SKU) that were paid after the cut-off of the shop's
-- own clock: they do not enter need yet. Answers per SKU the held units and when the first of them is released.
with clocks as materialized (
  select c.shop, to_timestamp(c.cutoff / 1000.0) as cutoff from unnest($3::text[], $4::float8[]) as c(shop, cutoff)),
wanted as materialized (
  select w.sku, w.cap from unnest($1::text[], $2::int[]) as w(sku, cap)),
large as materialized (
  select l.sku, l.open_units, l.paid_at from clocks c cross join lateral (
    select o.sku, o.open_units, o.paid_at from order_lines o
    where o.shop = c.shop and o.open_units > 200 and o.paid_at > c.cutoff and o.counts and o.buyer is null) l),
hoarders as materialized (
  select b.shop, b.sku, b.buyer, c.cutoff from buyer_demand b join clocks c using (shop) where b.open_units > 200 and b.sku = any($1)),
held as (
  select l.sku, (l.open_units - w.cap)::bigint as held, l.paid_at as first_paid from large l join wanted w using (sku) where l.open_units > w.cap
  union all
  select h.sku, (x.total - greatest(w.cap, x.settled))::bigint, x.first_paid
  from hoarders h join wanted w using (sku) cross join lateral (
    select sum(o.open_units) as total, coalesce(sum(o.open_units) filter (where o.paid_at <= h.cutoff), 0) as settled, min(o.paid_at) filter (where o.paid_at > h.cutoff) as first_paid
    from order_lines o where hashtextextended(o.buyer, 0) = hashtextextended(h.buyer, 0) and o.buyer = h.buyer and o.shop = h.shop and o.sku = h.sku and o.counts and o.open_units > 0) x
  where x.total > greatest(w.cap, x.settled))
select sku, sum(held)::bigint as held, min(first_paid) as first_paid from held group by sku
