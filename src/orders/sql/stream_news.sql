-- For each stream, in one snapshot: its version, its totals, and its windows from its own first unassessed bucket on.
select t.stream, t.version, t.orders as total_orders, t.withdrawn as total_withdrawn,
  (extract(epoch from d.bucket) * 1000)::float8 as bucket, d.orders, d.withdrawn
from unnest($1::bigint[], $2::float8[]) as w(stream, since)
join stream_totals t on t.stream = w.stream
left join demand_windows d on d.stream = w.stream and d.bucket >= to_timestamp(w.since / 1000)
order by t.stream, d.bucket
