/** Places whose level differs from what movements, lots, order lines and reservations add up to: none, at any moment. */
export const UNBALANCED = `
  with moved as (
    select world, sku, location, coalesce(sum(house) filter (where quality = 'A'), 0) as on_hand, coalesce(sum(house) filter (where quality <> 'A'), 0) as blocked, sum(reserved) as reserved,
      sum(claimed) as claimed, coalesce(sum(house) filter (where cause = 'receipt'), 0) as received, coalesce(sum(house) filter (where cause = 'adjust'), 0) as adjusted,
      coalesce(-sum(house) filter (where cause = 'scrap'), 0) as scrapped, coalesce(sum(house) filter (where cause = 'opening'), 0) as opening
    from stock_movements group by 1, 2, 3),
  lots as (
    select world, sku, location, coalesce(sum(units) filter (where quality = 'A'), 0) as on_hand, coalesce(sum(units) filter (where quality <> 'A'), 0) as blocked from stock_lots group by 1, 2, 3),
  lines as (
    select world, sku, location, sum(reserved) as reserved, sum(claimed) as claimed, sum(greatest(0, open - reserved)) as waiting, sum(shipped - claimed) as unclaimed from stock_allocations group by 1, 2, 3),
  held as (
    select r.world, l.sku, r.location, sum(l.quantity - l.taken) as reserved from reservations r join reservation_lines l on l.reservation = r.id where r.status in ('held', 'confirmed') group by 1, 2, 3)
  select s.world, s.sku, s.location, s.on_hand, s.reserved, s.claimed, s.waiting, s.unclaimed
  from stock_levels s left join moved m using (world, sku, location) left join lots b using (world, sku, location) left join lines l using (world, sku, location) left join held h using (world, sku, location)
  where (s.on_hand, s.blocked, s.reserved, s.claimed, s.received, s.adjusted, s.scrapped, s.opening) is distinct from (coalesce(m.on_hand, 0), coalesce(m.blocked, 0), coalesce(m.reserved, 0),
      coalesce(m.claimed, 0), coalesce(m.received, 0), coalesce(m.adjusted, 0), coalesce(m.scrapped, 0), coalesce(m.opening, 0))
    or (s.on_hand, s.blocked) is distinct from (coalesce(b.on_hand, 0), coalesce(b.blocked, 0))
    or s.reserved is distinct from coalesce(l.reserved, 0) + coalesce(h.reserved, 0)
    or (s.claimed, s.waiting, s.unclaimed) is distinct from (coalesce(l.claimed, 0), coalesce(l.waiting, 0), coalesce(l.unclaimed, 0))`;
