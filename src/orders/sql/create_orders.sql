-- Creates the rows of orders that are thought to be new; one that is not fails the statement. The insert locks them until commit.
insert into orders (shop, order_id) select coalesce(o.shop, $1), o.order_id from unnest($2::text[], $3::text[]) as o(shop, order_id)
