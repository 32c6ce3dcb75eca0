-- A new version rather than a flag: whoever assesses the stream marks only the version it read, so no wake-up is lost.
insert into stream_totals (stream, orders, withdrawn)
select t.stream, coalesce(t.orders, 0), coalesce(t.withdrawn, 0) from unnest($1::bigint[], $2::bigint[], $3::bigint[]) as t(stream, orders, withdrawn)
on conflict (stream) do update set version = stream_totals.version + 1, orders = stream_totals.orders + excluded.orders,
  withdrawn = stream_totals.withdrawn + excluded.withdrawn,
  since = case when stream_totals.version = stream_totals.assessed_version then clock_timestamp() else stream_totals.since end
