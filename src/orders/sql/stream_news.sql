-- For each stream, in one snapshot: its version, its totals, its windows from its own first unassessed bucket on, and what was moved
-- into or out of windows before that since it was last asked for.
select t.stream, t.version, t.orders as total_orders, t.withdrawn as total_withdrawn, coalesce(m.orders, 0)::int as moved_orders, coalesce(m.withdrawn, 0)::int as moved_withdrawn, m.ids as moves,
  (extract(epoch from d.bucket) * 1000)::float8 as bucket, d.orders, d.withdrawn
from unnest($1::bigint[], $2::float8[]) as w(stream, since)
join stream_totals t on t.stream = w.stream
left join demand_windows d on d.stream = w.stream and d.bucket >= to_timestamp(w.since / 1000)
left join lateral (
  select array_agg(id) as ids, sum(orders) filter (where bucket < to_timestamp(w.since / 1000)) as orders, sum(withdrawn) filter (where bucket < to_timestamp(w.since / 1000)) as withdrawn
  from stream_moves where stream = w.stream) m on true
order by t.stream, d.bucket
