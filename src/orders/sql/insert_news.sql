-- One row for all that a batch has to tell of a shop's orders: it is taken, and deleted, as a whole.
insert into order_news (shop, order_ids, skus) values ($1, $2::text[], $3::text[])
