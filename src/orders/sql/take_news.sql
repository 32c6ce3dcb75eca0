-- Rows are taken whole until at least so many entries are; they are gone with the transaction that took them.
with waiting as (select id, sum(coalesce(cardinality(order_ids), 1)) over (order by id) - coalesce(cardinality(order_ids), 1) as before from (select * from order_news order by id limit $1) n),
free as (select n.id from order_news n join waiting w using (id) where w.before < $1 order by n.id for update of n skip locked),
taken as (delete from order_news where id in (select id from free) returning shop, order_id, sku, order_ids, skus)
select distinct t.shop, x.order_id, x.sku, s.clock as world
from taken t cross join lateral unnest(coalesce(t.order_ids, array[t.order_id]), coalesce(t.skus, array[t.sku])) as x(order_id, sku) join shops s on s.id = t.shop
