-- The floor of renewals, written by hand: the rows that the product leaves behind for every subscription that is due, one
-- INSERT … SELECT a table, in one transaction, with every constraint and every trigger. It knows the prices beforehand, asks
-- no rule, waits for nobody and could not be stopped half-way. `due.sql` beside it says who is there.

CREATE TEMP TABLE due ON COMMIT DROP AS
SELECT s.id, s.public_id, s.version, s.customer_id, c.currency, c.business_id, p.number + 1 AS number,
       p.ends_on AS starts_on, (p.ends_on + interval '1 month')::date AS ends_on, p.ends_at AS starts_at,
       (p.ends_on + interval '1 month')::timestamp AT TIME ZONE c.time_zone AS ends_at,
       greatest(p.ends_on, (business_now() AT TIME ZONE c.time_zone)::date) AS due_on,
       s.tier_code, m.price AS book_price, t.price AS tier_price, s.extra_branches, x.price AS branch_price,
       t.price + x.price * s.extra_branches AS total,
       least(t.price + x.price * s.extra_branches, coalesce(a.balance, 0)) AS credit,
       a.id AS credit_id, coalesce(o.balance, 0) AS carried, jsonb_build_object('name', b.name, 'email', b.email, 'country', b.country) AS buyer,
       EXISTS (SELECT FROM payment_methods m WHERE m.customer_id = c.id AND m.is_default) AS has_method,
       uuidv7() AS invoice_id, uuidv7() AS period_id, uuidv7() AS sold_id, uuidv7() AS used_id, uuidv7() AS event_id
  FROM subscriptions s JOIN customers c ON c.id = s.customer_id JOIN businesses b ON b.id = c.business_id
  JOIN subscription_periods p ON p.subscription_id = s.id
  LEFT JOIN ledger_accounts a ON a.code = 'customer_credit' AND a.currency = c.currency AND a.owner_id = c.id
  LEFT JOIN ledger_accounts o ON o.code = 'customer_carried' AND o.currency = c.currency AND o.owner_id = c.id
 CROSS JOIN LATERAL (SELECT CASE s.tier_code WHEN 'starter' THEN 100 WHEN 'pro' THEN 300 ELSE 500 END) m (price)
 CROSS JOIN LATERAL (SELECT CASE c.currency WHEN 'EUR' THEN m.price * 5 / 4 ELSE m.price END) t (price)
 CROSS JOIN LATERAL (SELECT CASE c.currency WHEN 'EUR' THEN 125 ELSE 100 END) x (price)
 WHERE s.renews_at <= business_now();

INSERT INTO invoices (id, public_id, customer_id, subscription_id, subscription_version, kind, status, currency,
                      total_amount, period_starts_on, period_ends_on, due_on, seller, buyer, created_at)
SELECT invoice_id, 'inv_' || left(replace(gen_random_uuid()::text, '-', ''), 22), customer_id, id, version,
       'subscription_renewal', 'draft', currency, total, starts_on, ends_on, due_on, %(seller)s, buyer, business_now()
  FROM due;

INSERT INTO invoice_lines (invoice_id, position, code, quantity, unit_amount, amount, derivation)
SELECT invoice_id, 1, tier_code, 1, tier_price, tier_price,
       jsonb_build_object('kind', 'month', 'book_amount', book_price, 'book_currency', 'GBP') FROM due
 UNION ALL
SELECT invoice_id, 2, 'branch', extra_branches, branch_price, branch_price * extra_branches,
       jsonb_build_object('kind', 'month', 'book_amount', 100, 'book_currency', 'GBP') FROM due WHERE extra_branches > 0;

INSERT INTO subscription_periods (id, subscription_id, number, starts_on, ends_on, starts_at, ends_at, invoice_id, rate_on)
SELECT period_id, id, number, starts_on, ends_on, starts_at, ends_at, invoice_id,
       CASE currency WHEN 'EUR' THEN current_date END FROM due;

INSERT INTO period_holdings (id, period_id, code, quantity, unit_amount, from_on)
SELECT uuidv7(), period_id, tier_code, 1, tier_price, starts_on FROM due
 UNION ALL
SELECT uuidv7(), period_id, 'branch', extra_branches, branch_price, starts_on FROM due WHERE extra_branches > 0;

INSERT INTO ledger_postings (id, reference, recipe, occurred_at)
SELECT sold_id, 'invoice:' || invoice_id, 'invoice_issued', business_now() FROM due
 UNION ALL
SELECT used_id, 'credit_used:' || invoice_id, 'credit_used', business_now() FROM due WHERE credit > 0;

INSERT INTO ledger_entries (posting_id, account_id, currency, amount)
SELECT d.sold_id, a.id, d.currency, CASE a.code WHEN 'receivable' THEN d.total ELSE -d.total END
  FROM due d JOIN ledger_accounts a ON a.code IN ('receivable', 'revenue') AND a.currency = d.currency
 UNION ALL
SELECT d.used_id, a.id, d.currency, -d.credit
  FROM due d JOIN ledger_accounts a ON a.code = 'receivable' AND a.currency = d.currency WHERE d.credit > 0
 UNION ALL
SELECT used_id, credit_id, currency, credit FROM due WHERE credit > 0;

INSERT INTO membership_transactions (id, public_id, order_id, customer_id, invoice_id, type, amount, cost_amount,
                                     currency, method, status, metadata, created_at, completed_at)
SELECT uuidv7(), 'txn_' || left(replace(gen_random_uuid()::text, '-', ''), 22),
       'SH' || left(replace(gen_random_uuid()::text, '-', ''), 22), customer_id, invoice_id, 'subscription_renewal', total, 0,
       currency, 'credit', 'completed', '{"disposition": "applied"}', business_now(), business_now()
  FROM due WHERE credit = total;

INSERT INTO domain_events (id, name, subject, facts, occurred_at)
SELECT event_id, 'billing.renewal_invoiced', public_id,
       jsonb_build_object('business_id', business_id, 'invoice_id', invoice_id, 'credit_amount', credit,
                          'carried', carried, 'is_settled', credit = total, 'has_method', has_method), business_now()
  FROM due;

INSERT INTO staged_jobs (id, queue, name, args, due_at)
SELECT uuidv7(), 'bulk', 'outbox.fan_out', jsonb_build_object('event_id', event_id), business_now() FROM due
 UNION ALL
SELECT uuidv7(), 'bulk', 'billing.charge_invoice', jsonb_build_object('invoice_id', invoice_id),
       greatest(starts_at, business_now())
  FROM due WHERE credit < total;

UPDATE subscriptions s SET renews_at = d.ends_at - interval '7 days' FROM due d WHERE d.id = s.id;

WITH taken AS (
    INSERT INTO number_counters (series, year, last_number)
    SELECT 'invoice', extract(year FROM business_now()), count(*) FROM due
        ON CONFLICT (series, year) DO UPDATE SET last_number = number_counters.last_number + excluded.last_number
    RETURNING year, last_number)
UPDATE invoices i
   SET number = 'INV-' || t.year || '-' || lpad(n.number::text, greatest(6, length(n.number::text)), '0'),
       status = CASE WHEN n.is_settled THEN 'paid' ELSE 'open' END,
       credit_amount = n.credit, issued_at = business_now(), paid_at = CASE WHEN n.is_settled THEN business_now() END
  FROM taken t,
       (SELECT invoice_id, credit, credit = total AS is_settled,
               (SELECT last_number FROM taken) - row_number() OVER (ORDER BY invoice_id DESC) + 1 AS number FROM due) n
 WHERE i.id = n.invoice_id;
