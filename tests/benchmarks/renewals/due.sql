-- Subscriptions whose next period began yesterday and has not been invoiced, each with the one before it, whose invoice is
-- still open. Every fifth has credit, which pays all of it for some; every tenth has a stored card; one in a hundred is
-- billed in a currency that the price book does not have, and one in ten in a zone where summer time moves midnight.
-- Runs with triggers off, so each counter and each balance that a trigger would keep is written here.
-- Takes the parameter all (subscriptions altogether).

-- Keys as the product makes them (kit/ids), one every twenty seconds from 2025 on: an index over ranges of keys looks only at
-- their first 58 bits, and would go through all of them where these are alike.
CREATE FUNCTION pg_temp.key(kind text, number bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS
    $$ SELECT (lpad(to_hex(1735689600000 + 20000 * number), 12, '0') || '70' || kind || rpad('8', 16, '0'))::uuid $$;
CREATE FUNCTION pg_temp.public(prefix text, number bigint) RETURNS text LANGUAGE sql IMMUTABLE AS
    $$ SELECT prefix || '_Bench' || lpad(number::text, 17, '0') $$;

CREATE TEMP TABLE shops AS
SELECT n, currency, zone, tier, tier_price, branches, tier_price + 100 * branches AS price, starts_on, ends_on,
       starts_on::timestamp AT TIME ZONE zone AS starts_at, ends_on::timestamp AT TIME ZONE zone AS ends_at,
       CASE WHEN mod(n, 5) = 0 THEN 250 ELSE 0 END AS credit
  FROM (SELECT n, CASE WHEN mod(n, 100) = 7 THEN 'EUR' ELSE 'GBP' END AS currency,
               CASE WHEN mod(n, 10) = 3 THEN 'Europe/Berlin' WHEN mod(n, 10) = 4 THEN 'Asia/Shanghai'
                    ELSE 'Europe/London' END AS zone,
               CASE WHEN mod(n, 10) < 7 THEN 'starter' WHEN mod(n, 10) < 9 THEN 'pro' ELSE 'enterprise' END AS tier,
               CASE WHEN mod(n, 10) < 7 THEN 100 WHEN mod(n, 10) < 9 THEN 300 ELSE 500 END AS tier_price,
               CASE WHEN mod(n, 7) = 0 THEN 1 + mod(n, 3) ELSE 0 END AS branches,
               (current_date - 1 - interval '1 month')::date AS starts_on,
               ((current_date - 1 - interval '1 month')::date + interval '1 month')::date AS ends_on
          FROM generate_series(1, %(all)s) n) s;

INSERT INTO businesses (id, public_id, slug, name, category, email, country, currency, time_zone, created_at)
SELECT pg_temp.key('01', n), pg_temp.public('biz', n), 'shop-' || n, 'Shop ' || n,
       (SELECT min(code) FROM categories), 'shop' || n || '@bench.example', 'GB', currency, zone, starts_at
  FROM shops ORDER BY n;

INSERT INTO customers (id, public_id, kind, business_id, currency, time_zone, invoice_count, created_at)
SELECT pg_temp.key('02', n), pg_temp.public('cus', n), 'vendor', pg_temp.key('01', n), currency, zone, 1, starts_at
  FROM shops ORDER BY n;

INSERT INTO payment_methods (id, public_id, customer_id, provider, status, provider_customer, provider_method, brand,
                             last4, exp_month, exp_year, is_default, created_at, expires_at)
SELECT pg_temp.key('03', n), pg_temp.public('pm', n), pg_temp.key('02', n), 'stripe', 'active', 'cus_' || n, 'pm_' || n,
       'visa', '4242', 12, 2040, true, starts_at, starts_at + interval '1 day'
  FROM shops WHERE mod(n, 10) = 1 ORDER BY n;

INSERT INTO subscriptions (id, public_id, customer_id, status, tier_code, extra_branches, price_version_id, version,
                           anchor_on, started_at, renews_at, created_at)
SELECT pg_temp.key('04', n), pg_temp.public('sub', n), pg_temp.key('02', n), 'active', tier, branches,
       (SELECT id FROM price_versions LIMIT 1), 2, starts_on, starts_at, ends_at - interval '7 days', starts_at
  FROM shops ORDER BY n;

INSERT INTO invoices (id, public_id, customer_id, subscription_id, subscription_version, kind, status, number, currency,
                      total_amount, period_starts_on, period_ends_on, seller, buyer, created_at, issued_at, due_on)
SELECT pg_temp.key('05', n), pg_temp.public('inv', n), pg_temp.key('02', n), pg_temp.key('04', n), 1,
       'subscription_renewal', 'open', to_char(starts_on, '"INV-"YYYY-') || lpad(n::text, greatest(6, length(n::text)), '0'),
       currency, price, starts_on, ends_on, '{"name": "Stallholder"}',
       jsonb_build_object('name', 'Shop ' || n, 'email', 'shop' || n || '@bench.example', 'country', 'GB'),
       starts_at, starts_at, starts_on
  FROM shops ORDER BY n;

INSERT INTO invoice_lines (invoice_id, position, code, quantity, unit_amount, amount, derivation)
SELECT pg_temp.key('05', n), 1, tier, 1, tier_price, tier_price, '{"kind": "month"}'::jsonb FROM shops
 UNION ALL
SELECT pg_temp.key('05', n), 2, 'branch', branches, 100, 100 * branches, '{"kind": "month"}' FROM shops WHERE branches > 0
 ORDER BY 1, 2;

INSERT INTO number_counters (series, year, last_number)
SELECT 'invoice', extract(year FROM starts_on), count(*) FROM shops GROUP BY 2;

INSERT INTO subscription_periods (id, subscription_id, number, starts_on, ends_on, starts_at, ends_at, invoice_id)
SELECT pg_temp.key('06', n), pg_temp.key('04', n), 0, starts_on, ends_on, starts_at, ends_at, pg_temp.key('05', n)
  FROM shops ORDER BY n;

INSERT INTO period_holdings (id, period_id, code, quantity, unit_amount, from_on)
SELECT pg_temp.key('07', n), pg_temp.key('06', n), tier, 1, tier_price, starts_on FROM shops
 UNION ALL
SELECT pg_temp.key('08', n), pg_temp.key('06', n), 'branch', branches, 100, starts_on FROM shops WHERE branches > 0
 ORDER BY 1;

-- The books: what was sold, and what was put right with customers once, which is their credit.
INSERT INTO ledger_accounts (id, code, currency)
SELECT gen_random_uuid(), code, currency
  FROM (VALUES ('receivable'), ('revenue')) codes (code), (SELECT DISTINCT currency FROM shops) money
ON CONFLICT DO NOTHING;

INSERT INTO ledger_accounts (id, code, currency, owner_id, is_guarded, balance)
SELECT pg_temp.key('09', n), 'customer_credit', currency, pg_temp.key('02', n), true, credit
  FROM shops WHERE credit > 0 ORDER BY n;

INSERT INTO ledger_postings (id, reference, recipe, occurred_at, recorded_at)
SELECT pg_temp.key('0a', n), 'invoice:' || pg_temp.key('05', n), 'invoice_issued', starts_at, starts_at FROM shops
 UNION ALL
SELECT pg_temp.key('0b', n), 'put_right:' || n, 'put_right', starts_at, starts_at FROM shops WHERE credit > 0
 ORDER BY 1;

INSERT INTO ledger_entries (posting_id, account_id, currency, amount)
SELECT pg_temp.key(move.kind, n), a.id, a.currency, move.amount
  FROM shops s
 CROSS JOIN LATERAL (VALUES ('0a', 'receivable', s.price), ('0a', 'revenue', -s.price),
                            ('0b', 'revenue', s.credit)) move (kind, code, amount)
  JOIN ledger_accounts a ON (a.code, a.currency) = (move.code, s.currency) AND a.owner_id IS NULL
 WHERE move.amount <> 0
 UNION ALL
SELECT pg_temp.key('0b', n), pg_temp.key('09', n), currency, -credit FROM shops WHERE credit > 0
 ORDER BY 1;
