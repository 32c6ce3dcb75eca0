-- Creates the rows of orders seen for the first time; answers only those. The insert locks them until commit.
insert into orders (shop, order_id) select coalesce(o.shop, $1), o.order_id from unnest($2::text[], $3::text[]) as o(shop, order_id) on conflict do nothing returning shop, order_id
