-- A million payments over all seeded shops, every other one completed, with everything that a payment leaves behind.
-- Runs with triggers off, so each counter and each balance that a trigger would keep is written here.
-- Takes the parameters most (payments of the first shop) and all (payments altogether).

CREATE FUNCTION pg_temp.key(kind text, number bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS
    $$ SELECT ('0be7c4' || kind || lpad(to_hex(number), 24, '0'))::uuid $$;
CREATE FUNCTION pg_temp.public(prefix text, number bigint) RETURNS text LANGUAGE sql IMMUTABLE AS
    $$ SELECT prefix || '_Bench' || lpad(number::text, 17, '0') $$;

CREATE TEMP TABLE shops AS
SELECT row_number() OVER (ORDER BY b.public_id) - 1 AS shop, b.id, b.currency, b.time_zone, b.created_at, t.tier_code,
       CASE t.tier_code WHEN 'starter' THEN 100 WHEN 'pro' THEN 300 ELSE 500 END AS price,
       further.branches AS extra_branches,
       jsonb_build_object('name', b.name, 'email', b.email, 'country', b.country) AS buyer
  FROM businesses b JOIN business_entitlements t ON t.business_id = b.id
  JOIN (SELECT business_id, count(*) - 1 AS branches FROM branches GROUP BY business_id) further
    ON further.business_id = b.id;
CREATE UNIQUE INDEX ON shops (shop);

CREATE TEMP TABLE payments AS
SELECT row_number() OVER (ORDER BY at, p.shop) AS n, p.shop, p.at, s.tier_code, s.extra_branches, s.price, s.currency, s.buyer,
       mod(row_number() OVER (PARTITION BY p.shop ORDER BY at), 2) = 1 AS is_paid,
       CASE s.currency WHEN 'CNY' THEN price ELSE price * 9 END AS collected
  FROM (SELECT 0 AS shop, business_now() - i * interval '10 minutes' AS at FROM generate_series(1, %(most)s) i
        UNION ALL
        SELECT 1 + mod(i, (SELECT count(*) FROM shops) - 1), business_now() - i * interval '1 minute'
          FROM generate_series(1, %(all)s - %(most)s) i) p
  JOIN shops s USING (shop);
CREATE UNIQUE INDEX ON payments (n);
ANALYZE shops, payments;

INSERT INTO customers (id, public_id, kind, business_id, currency, time_zone, transaction_count, invoice_count, created_at)
SELECT pg_temp.key('01', shop), pg_temp.public('cus', shop), 'vendor', s.id, s.currency, s.time_zone,
       p.all_of_them, p.paid, s.created_at
  FROM shops s
  JOIN (SELECT shop, count(*) AS all_of_them, count(*) FILTER (WHERE is_paid) AS paid FROM payments GROUP BY shop) p
 USING (shop) ORDER BY shop;

-- None of them is renewed as long as this database is kept.
INSERT INTO subscriptions (id, public_id, customer_id, status, tier_code, extra_branches, price_version_id, version,
                           anchor_on, started_at, renews_at, created_at)
SELECT pg_temp.key('02', shop), pg_temp.public('sub', shop), pg_temp.key('01', shop), 'active', tier_code,
       extra_branches, (SELECT id FROM price_versions LIMIT 1), 2, current_date - 5, current_date - 5,
       current_date + interval '10 years', created_at
  FROM shops ORDER BY shop;

INSERT INTO quotes (id, public_id, customer_id, subscription_id, subscription_version, kind, terms, total_amount,
                    credit_amount, currency, quoted_on, created_at)
SELECT pg_temp.key('03', shop), pg_temp.public('qt', shop), pg_temp.key('01', shop), pg_temp.key('02', shop), 1,
       'subscription_start', '{}', price, 0, currency, current_date - 5, created_at
  FROM shops ORDER BY shop;

INSERT INTO invoices (id, public_id, customer_id, subscription_id, subscription_version, quote_id, kind, status, number,
                      currency, total_amount, paid_amount, period_starts_on, period_ends_on, seller, buyer, created_at,
                      issued_at, due_on, paid_at)
SELECT pg_temp.key('04', n), pg_temp.public('inv', n), pg_temp.key('01', shop), pg_temp.key('02', shop), 1,
       pg_temp.key('03', shop), 'subscription_start', CASE WHEN is_paid THEN 'paid' ELSE 'void' END,
       CASE WHEN is_paid THEN to_char(current_date, '"INV-"YYYY-')
            || to_char(row_number() OVER (PARTITION BY is_paid ORDER BY n), 'FM000000') END,
       currency, price, CASE WHEN is_paid THEN price ELSE 0 END,
       CASE WHEN is_paid THEN current_date - CASE WHEN is_newest THEN 5 ELSE 35 END END,
       CASE WHEN is_paid THEN current_date - CASE WHEN is_newest THEN -25 ELSE 5 END END,
       CASE WHEN is_paid THEN '{"name": "Stallholder"}'::jsonb END, CASE WHEN is_paid THEN buyer END, at,
       CASE WHEN is_paid THEN at END, CASE WHEN is_paid THEN at::date END, CASE WHEN is_paid THEN at END
  FROM (SELECT *, n = max(n) FILTER (WHERE is_paid) OVER (PARTITION BY shop) AS is_newest FROM payments) AS numbered
 ORDER BY n;

INSERT INTO invoice_lines (invoice_id, position, code, quantity, unit_amount, amount, derivation)
SELECT pg_temp.key('04', n), 1, tier_code, 1, price, price, '{}' FROM payments ORDER BY n;

INSERT INTO number_counters (series, year, last_number)
SELECT 'invoice', extract(year FROM current_date), count(*) FROM payments WHERE is_paid;

INSERT INTO subscription_periods (id, subscription_id, number, starts_on, ends_on, starts_at, ends_at, invoice_id)
SELECT pg_temp.key('05', shop), pg_temp.key('02', shop), 0, current_date - 5, current_date + 25, current_date - 5,
       current_date + 25, pg_temp.key('04', max(n))
  FROM payments WHERE is_paid GROUP BY shop ORDER BY shop;

-- What its tier is of, and its further branches for nothing.
INSERT INTO period_holdings (id, period_id, code, quantity, unit_amount, from_on)
SELECT pg_temp.key(held.kind, shop), pg_temp.key('05', shop), held.code, held.quantity, held.unit_amount, current_date - 5
  FROM (SELECT DISTINCT shop, tier_code, extra_branches, price FROM payments WHERE is_paid) AS paid
 CROSS JOIN LATERAL (VALUES
       ('05', tier_code, 1, price), ('0c', 'branch', extra_branches, 0)) held (kind, code, quantity, unit_amount)
 WHERE held.quantity > 0 ORDER BY shop;

INSERT INTO payment_sessions (id, public_id, customer_id, invoice_id, subscription_id, subscription_version, provider,
                              status, amount, currency, settlement_amount, settlement_currency, rate, rate_on,
                              quoted_on, created_at, expires_at, watch_until, ended_at, paid_at)
SELECT pg_temp.key('06', n), pg_temp.public('ps', n), pg_temp.key('01', shop), pg_temp.key('04', n),
       pg_temp.key('02', shop), 1, 'wechat_pay', CASE WHEN is_paid THEN 'paid' ELSE 'expired' END, price, currency,
       collected, 'CNY', CASE WHEN currency <> 'CNY' THEN 9 END, CASE WHEN currency <> 'CNY' THEN at::date END,
       at::date, at, at + interval '1 hour', at + interval '25 hours', at + interval '1 hour', CASE WHEN is_paid THEN at END
  FROM payments ORDER BY n;

INSERT INTO payment_attempts (id, session_id, invoice_id, provider, order_number, status, amount, currency,
                              payable_until, code_url, created_at, provider_transaction_id, captured_amount,
                              captured_currency, captured_at, disposition)
SELECT pg_temp.key('07', n), pg_temp.key('06', n), pg_temp.key('04', n), 'wechat_pay', pg_temp.public('SH', n),
       CASE WHEN is_paid THEN 'succeeded' ELSE 'closed' END, collected, 'CNY', at + interval '1 hour',
       'weixin://wxpay/bizpayurl?pr=' || n, at, CASE WHEN is_paid THEN 'T' || n END,
       CASE WHEN is_paid THEN collected END, CASE WHEN is_paid THEN 'CNY' END, CASE WHEN is_paid THEN at END,
       CASE WHEN is_paid THEN 'applied' END
  FROM payments ORDER BY n;

INSERT INTO membership_transactions (id, public_id, order_id, customer_id, invoice_id, session_id, type, amount,
                                     cost_amount, currency, method, status, error_message, metadata, created_at,
                                     completed_at)
SELECT pg_temp.key('08', n), pg_temp.public('txn', n), pg_temp.public('SH', n), pg_temp.key('01', shop),
       pg_temp.key('04', n), pg_temp.key('06', n), 'subscription_start', price, price, currency, 'wechat_pay',
       CASE WHEN is_paid THEN 'completed' ELSE 'cancelled' END, CASE WHEN NOT is_paid THEN 'expired' END,
       CASE WHEN currency = 'CNY' THEN '{}'::jsonb
            ELSE jsonb_build_object('collected', jsonb_build_object('amount', collected, 'currency', 'CNY')) END
           || CASE WHEN is_paid THEN '{"disposition": "applied"}'::jsonb ELSE '{}' END,
       at, CASE WHEN is_paid THEN at END
  FROM payments ORDER BY n;

INSERT INTO audit_log (id, at, actor, action, subject, facts)
SELECT pg_temp.key('0b', n), at, 'system', 'payment.paid', pg_temp.public('ps', n), '{}'
  FROM payments WHERE is_paid ORDER BY n;

-- The books: what was sold, and what came in for it, exchanged where the wallet paid in another currency.
INSERT INTO ledger_accounts (id, code, currency)
SELECT gen_random_uuid(), code, currency
  FROM (VALUES ('receivable'), ('revenue'), ('exchange')) codes (code), (SELECT DISTINCT currency FROM shops) money
UNION SELECT gen_random_uuid(), 'clearing:wechat_pay', 'CNY'
ON CONFLICT DO NOTHING;

INSERT INTO ledger_postings (id, reference, recipe, occurred_at, recorded_at)
SELECT pg_temp.key(kind, n), CASE kind WHEN '09' THEN 'invoice:' || pg_temp.key('04', n)
                                       ELSE 'payment:' || pg_temp.key('07', n) END,
       CASE kind WHEN '09' THEN 'invoice_issued' ELSE 'payment_received' END, at, at
  FROM payments CROSS JOIN (VALUES ('09'), ('0a')) kinds (kind) WHERE is_paid ORDER BY n, kind;

INSERT INTO ledger_entries (posting_id, account_id, currency, amount)
SELECT pg_temp.key(move.kind, n), a.id, a.currency, move.amount
  FROM payments p
 CROSS JOIN LATERAL (VALUES
       ('09', 'receivable', p.currency, p.price), ('09', 'revenue', p.currency, -p.price),
       ('0a', 'clearing:wechat_pay', 'CNY', p.collected),
       ('0a', 'exchange', CASE WHEN p.currency <> 'CNY' THEN 'CNY' END, -p.collected),
       ('0a', 'exchange', CASE WHEN p.currency <> 'CNY' THEN p.currency END, p.price),
       ('0a', 'receivable', p.currency, -p.price)) move (kind, code, currency, amount)
  JOIN ledger_accounts a ON (a.code, a.currency) = (move.code, move.currency) AND a.owner_id IS NULL
 WHERE p.is_paid ORDER BY n, move.kind;
