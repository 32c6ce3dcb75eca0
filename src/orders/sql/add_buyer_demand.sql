insert into buyer_demand (shop, sku, buyer, open_units)
select coalesce(b.shop, $1), b.sku, b.buyer, coalesce(b.open_units, 0) from unnest($2::text[], $3::text[], $4::text[], $5::bigint[]) as b(shop, sku, buyer, open_units)
on conflict (shop, sku, buyer) do update set open_units = buyer_demand.open_units + excluded.open_units
