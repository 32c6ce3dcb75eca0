select l.shop, l.order_id, l.line_id, l.sku, l.state from order_lines l join unnest($1::text[], $2::text[]) as w(shop, order_id) using (shop, order_id)
