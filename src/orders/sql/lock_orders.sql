select o.shop, o.order_id from orders o join unnest($1::text[], $2::text[]) as w(shop, order_id) using (shop, order_id) order by 1, 2 for update of o
