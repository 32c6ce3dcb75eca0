insert into sku_demand (shop, sku, ordered, cancelled, net_paid, shipped, open_units, open_paid_seconds, sale_lines, cancelled_lines, lines, line_units, line_log_milli)
select coalesce(d.shop, $1), d.sku, coalesce(d.ordered, 0), coalesce(d.cancelled, 0), coalesce(d.net_paid, 0), coalesce(d.shipped, 0), coalesce(d.open_units, 0), coalesce(d.open_paid_seconds, 0),
  coalesce(d.sale_lines, 0), coalesce(d.cancelled_lines, 0), coalesce(d.lines, 0), coalesce(d.line_units, 0), coalesce(d.line_log_milli, 0)
from unnest($2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[])
  as d(shop, sku, ordered, cancelled, net_paid, shipped, open_units, open_paid_seconds, sale_lines, cancelled_lines, lines, line_units, line_log_milli)
on conflict (shop, sku) do update set ordered = sku_demand.ordered + excluded.ordered, cancelled = sku_demand.cancelled + excluded.cancelled,
  net_paid = sku_demand.net_paid + excluded.net_paid, shipped = sku_demand.shipped + excluded.shipped, open_units = sku_demand.open_units + excluded.open_units,
  open_paid_seconds = sku_demand.open_paid_seconds + excluded.open_paid_seconds, sale_lines = sku_demand.sale_lines + excluded.sale_lines,
  cancelled_lines = sku_demand.cancelled_lines + excluded.cancelled_lines, lines = sku_demand.lines + excluded.lines, line_units = sku_demand.line_units + excluded.line_units, line_log_milli = sku_demand.line_log_milli + excluded.line_log_milli
