-- Creates the rows of orders seen for the first time; answers only those. The insert locks them until commit.
insert into orders (shop, order_id) select * from unnest($1::text[], $2::text[]) on conflict do nothing returning shop, order_id
