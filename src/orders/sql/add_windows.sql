-- Adds to demand windows; rows come sorted by (stream, bucket) so that two batches never wait for each other in a circle.
insert into demand_windows (stream, bucket, orders, withdrawn, units, paid_units, cancelled_units)
select w.stream, to_timestamp(w.bucket / 1000.0), coalesce(w.orders, 0), coalesce(w.withdrawn, 0), coalesce(w.units, 0), coalesce(w.paid_units, 0), coalesce(w.cancelled_units, 0)
from unnest($1::bigint[], $2::float8[], $3::int[], $4::int[], $5::int[], $6::int[], $7::int[]) as w(stream, bucket, orders, withdrawn, units, paid_units, cancelled_units)
on conflict (stream, bucket) do update set orders = demand_windows.orders + excluded.orders, withdrawn = demand_windows.withdrawn + excluded.withdrawn,
  units = demand_windows.units + excluded.units, paid_units = demand_windows.paid_units + excluded.paid_units,
  cancelled_units = demand_windows.cancelled_units + excluded.cancelled_units
