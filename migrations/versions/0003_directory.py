"""Businesses with their branches and products, what billing entitles them to, imports, and the search over them."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(_BUSINESSES)
    op.execute(_PRODUCTS)
    op.execute(_IMPORTS)
    op.execute(_SEARCH)
    op.execute(_SEARCH_TRIGGERS)


def downgrade() -> None:
    op.execute("""
    ALTER TABLE team_members DROP CONSTRAINT team_members_business_id_fkey;
    ALTER TABLE team_invitations DROP CONSTRAINT team_invitations_business_id_fkey;
    DROP TABLE directory_search, product_import_errors, product_import_rows, product_imports;
    DROP TABLE product_photos, products, business_entitlements, branches, businesses, categories;
    DROP FUNCTION count_products(), refresh_search_of_business(), refresh_search_of_changed_rows();
    DROP FUNCTION refresh_directory_search(uuid[]), cjk_tokens(text);
    """)


_BUSINESSES = """
    CREATE TABLE categories (
        code text PRIMARY KEY CHECK (code ~ '^[a-z_]{2,30}$'),
        words text NOT NULL
    );
    COMMENT ON COLUMN categories.words IS 'what people may type to find it, in all languages';
    INSERT INTO categories (code, words) VALUES
        ('arts_crafts', 'Arts and crafts, gallery, studio 艺术 手工'),
        ('bakery', 'Bakery, bread, cakes, patisserie 面包 糕点'), ('bar', 'Bar, pub, wine, beer 酒吧'),
        ('beauty', 'Beauty, nails, cosmetics, spa 美容 美甲'), ('books_stationery', 'Books and stationery 书店 文具'),
        ('cafe', 'Cafe, coffee, tea 咖啡 茶'), ('cars_bikes', 'Cars and bikes, garage 汽车 自行车'),
        ('cleaning', 'Cleaning, laundry 清洁 洗衣'), ('education', 'Education, lessons, tutoring 教育 培训'),
        ('electronics', 'Electronics, phones, computers 电子 手机'), ('events', 'Events, weddings, catering 活动 婚礼'),
        ('fashion', 'Fashion, clothes 服装'), ('fitness', 'Fitness, gym, yoga, sport 健身 运动'),
        ('florist', 'Florist, flowers, plants 花店 植物'),
        ('food_shop', 'Food shop, grocer, butcher, fishmonger, deli 食品 杂货'),
        ('furniture_home', 'Furniture and home, interiors 家具 家居'), ('hairdresser', 'Hairdresser, barber 理发'),
        ('hardware', 'Hardware, tools, garden 五金 工具'), ('health', 'Health, dentist, optician, therapy 健康 医疗'),
        ('jewellery', 'Jewellery, watches 珠宝 手表'), ('pets', 'Pets, vet, grooming 宠物'),
        ('pharmacy', 'Pharmacy, chemist 药店'),
        ('professional', 'Professional services, legal, accounting, design 专业服务'),
        ('repair', 'Repair, tailor, cobbler, plumber, electrician 维修'),
        ('restaurant', 'Restaurant, dining 餐厅 饭店'), ('takeaway', 'Takeaway, street food 外卖 小吃'),
        ('toys_gifts', 'Toys and gifts 玩具 礼品'), ('travel', 'Travel, hotel, guest house 旅行 酒店'),
        ('other', 'Other 其他');

    CREATE TABLE businesses (
        id uuid PRIMARY KEY,
        public_id text NOT NULL UNIQUE,
        slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND length(slug) <= 80),
        name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
        category text NOT NULL REFERENCES categories,
        description text NOT NULL DEFAULT '' CHECK (length(description) <= 4000),
        email text NOT NULL DEFAULT '' CHECK (length(email) <= 254),
        phone text NOT NULL DEFAULT '' CHECK (length(phone) <= 30),
        website text NOT NULL DEFAULT '' CHECK (length(website) <= 300),
        country text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
        currency text NOT NULL CHECK (currency IN ('GBP', 'EUR', 'USD', 'CNY', 'HKD', 'JPY')),
        time_zone text NOT NULL,
        logo text,
        product_count integer NOT NULL DEFAULT 0 CHECK (product_count >= 0),
        hidden_product_count integer NOT NULL DEFAULT 0 CHECK (hidden_product_count >= 0),
        created_at timestamptz NOT NULL
    );
    COMMENT ON COLUMN businesses.product_count IS 'products shown, kept by trigger; hidden ones are counted apart';
    CREATE INDEX businesses_category_idx ON businesses (category);
    CREATE INDEX businesses_name_idx ON businesses (name, id);

    ALTER TABLE team_members ADD FOREIGN KEY (business_id) REFERENCES businesses;
    ALTER TABLE team_invitations ADD FOREIGN KEY (business_id) REFERENCES businesses;

    CREATE TABLE business_entitlements (
        business_id uuid PRIMARY KEY REFERENCES businesses ON DELETE CASCADE,
        is_listed boolean NOT NULL,
        product_limit integer CHECK (product_limit >= 0),
        overage_policy text NOT NULL DEFAULT 'grace' CHECK (overage_policy IN ('grace', 'hide')),
        tier_code text,
        changed_at timestamptz NOT NULL
    );

    CREATE TABLE branches (
        id uuid PRIMARY KEY,
        public_id text NOT NULL UNIQUE,
        business_id uuid NOT NULL REFERENCES businesses ON DELETE CASCADE,
        name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
        address_line1 text NOT NULL CHECK (length(address_line1) BETWEEN 1 AND 200),
        address_line2 text NOT NULL DEFAULT '' CHECK (length(address_line2) <= 200),
        city text NOT NULL CHECK (length(city) BETWEEN 1 AND 100),
        postcode text NOT NULL DEFAULT '' CHECK (length(postcode) <= 20),
        country text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
        latitude numeric(9, 6) CHECK (latitude BETWEEN -90 AND 90),
        longitude numeric(9, 6) CHECK (longitude BETWEEN -180 AND 180),
        phone text NOT NULL DEFAULT '' CHECK (length(phone) <= 30),
        opening_hours text NOT NULL DEFAULT '' CHECK (length(opening_hours) <= 500),
        is_main boolean NOT NULL DEFAULT false,
        shown_since timestamptz,
        removed_at timestamptz,
        created_at timestamptz NOT NULL,
        CONSTRAINT branches_place_check CHECK ((latitude IS NULL) = (longitude IS NULL)),
        CONSTRAINT branches_main_stays_check CHECK (NOT is_main OR (removed_at IS NULL AND shown_since IS NOT NULL))
    );
    CREATE UNIQUE INDEX branches_main_idx ON branches (business_id) WHERE is_main;
    CREATE INDEX branches_business_idx ON branches (business_id, is_main DESC, id) WHERE removed_at IS NULL;
    CREATE INDEX branches_place_idx ON branches USING gist (point(longitude::float8, latitude::float8))
        WHERE removed_at IS NULL AND shown_since IS NOT NULL AND latitude IS NOT NULL;
"""

_PRODUCTS = """
    CREATE TABLE products (
        id uuid PRIMARY KEY,
        public_id text NOT NULL UNIQUE,
        business_id uuid NOT NULL REFERENCES businesses ON DELETE CASCADE,
        name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
        description text NOT NULL DEFAULT '' CHECK (length(description) <= 4000),
        price_amount bigint CHECK (price_amount BETWEEN 0 AND 99999999999),
        price_currency text CHECK (price_currency ~ '^[A-Z]{3}$'),
        attributes jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(attributes) = 'object'),
        is_hidden boolean NOT NULL DEFAULT false,
        position integer NOT NULL DEFAULT 0 CHECK (position BETWEEN 0 AND 99999),
        created_at timestamptz NOT NULL,
        CONSTRAINT products_price_check CHECK ((price_amount IS NULL) = (price_currency IS NULL))
    );
    CREATE INDEX products_business_idx ON products (business_id, position, id);

    CREATE TABLE product_photos (
        id uuid PRIMARY KEY,
        product_id uuid NOT NULL REFERENCES products ON DELETE CASCADE,
        position smallint NOT NULL CHECK (position BETWEEN 1 AND 6),
        photo text NOT NULL,
        thumb text NOT NULL,
        width integer NOT NULL CHECK (width > 0),
        height integer NOT NULL CHECK (height > 0),
        UNIQUE (product_id, position)
    );

    CREATE FUNCTION count_products() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP <> 'INSERT' THEN
            UPDATE businesses SET product_count = product_count - gone.shown,
                                  hidden_product_count = hidden_product_count - gone.hidden
            FROM (SELECT business_id, count(*) FILTER (WHERE NOT is_hidden) AS shown,
                         count(*) FILTER (WHERE is_hidden) AS hidden FROM old_rows GROUP BY business_id) gone
            WHERE businesses.id = gone.business_id;
        END IF;
        IF TG_OP <> 'DELETE' THEN
            UPDATE businesses SET product_count = product_count + come.shown,
                                  hidden_product_count = hidden_product_count + come.hidden
            FROM (SELECT business_id, count(*) FILTER (WHERE NOT is_hidden) AS shown,
                         count(*) FILTER (WHERE is_hidden) AS hidden FROM new_rows GROUP BY business_id) come
            WHERE businesses.id = come.business_id;
        END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER products_counted_in AFTER INSERT ON products
        REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION count_products();
    CREATE TRIGGER products_counted_anew AFTER UPDATE ON products
        REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION count_products();
    CREATE TRIGGER products_counted_out AFTER DELETE ON products
        REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION count_products();
"""

_IMPORTS = """
    CREATE TABLE product_imports (
        id uuid PRIMARY KEY,
        public_id text NOT NULL UNIQUE,
        business_id uuid NOT NULL REFERENCES businesses ON DELETE CASCADE,
        format text NOT NULL CHECK (format IN ('csv', 'json')),
        file_name text NOT NULL CHECK (length(file_name) <= 200),
        file_hash text NOT NULL,
        content bytea,
        state text NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
        row_count integer NOT NULL DEFAULT 0,
        checked_count integer NOT NULL DEFAULT 0,
        error_count integer NOT NULL DEFAULT 0,
        created_at timestamptz NOT NULL,
        finished_at timestamptz,
        CONSTRAINT product_imports_content_check CHECK ((finished_at IS NULL) = (content IS NOT NULL)),
        CONSTRAINT product_imports_finished_check
            CHECK ((finished_at IS NULL) = (state IN ('queued', 'running')))
    );
    COMMENT ON COLUMN product_imports.content IS 'the file until the import has ended';
    CREATE UNIQUE INDEX product_imports_live_idx ON product_imports (business_id) WHERE finished_at IS NULL;
    CREATE INDEX product_imports_business_idx ON product_imports (business_id, id);

    CREATE TABLE product_import_rows (
        import_id uuid NOT NULL REFERENCES product_imports ON DELETE CASCADE,
        line integer NOT NULL,
        product jsonb NOT NULL,
        PRIMARY KEY (import_id, line)
    );

    CREATE TABLE product_import_errors (
        import_id uuid NOT NULL REFERENCES product_imports ON DELETE CASCADE,
        number integer NOT NULL,
        line integer NOT NULL,
        column_name text NOT NULL,
        message text NOT NULL,
        params jsonb NOT NULL,
        value text NOT NULL,
        PRIMARY KEY (import_id, number)
    );
"""

_SEARCH = """
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE EXTENSION IF NOT EXISTS unaccent;

    -- Chinese, Japanese and Korean are written without spaces: each character and each pair of neighbours is a token.
    CREATE FUNCTION cjk_tokens(given text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT CASE WHEN given ~ '[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]' THEN (
            SELECT coalesce(array_agg(DISTINCT token), '{}') FROM (
                SELECT character, lead(character) OVER (ORDER BY place) AS next_one
                FROM unnest(string_to_array(given, NULL)) WITH ORDINALITY AS each (character, place)
            ) pairs
            CROSS JOIN LATERAL (VALUES (character), (character || next_one)) AS tokens (token)
            WHERE token ~ '^[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]+$'
        ) ELSE '{}' END
    $$;

    CREATE TABLE directory_search (
        business_id uuid PRIMARY KEY REFERENCES businesses ON DELETE CASCADE,
        words text NOT NULL,
        lexemes tsvector NOT NULL,
        cjk text[] NOT NULL
    );
    CREATE INDEX directory_search_words_idx ON directory_search USING gin (words gin_trgm_ops);
    CREATE INDEX directory_search_lexemes_idx ON directory_search USING gin (lexemes);
    CREATE INDEX directory_search_cjk_idx ON directory_search USING gin (cjk);
    COMMENT ON COLUMN directory_search.words IS
        'name, category, towns and the first 300 product names, without accents; searched with typos';

    CREATE FUNCTION refresh_directory_search(wanted uuid[]) RETURNS void LANGUAGE sql AS $$
        INSERT INTO directory_search (business_id, words, lexemes, cjk)
        SELECT b.id, found.words,
               setweight(to_tsvector('english', translate(unaccent(b.name), '''’', '')), 'A')
                   || setweight(to_tsvector('english', found.words), 'B')
                   || setweight(to_tsvector('english', unaccent(b.description)), 'D'),
               cjk_tokens(concat_ws(' ', found.words, b.description))
        FROM businesses b
        JOIN categories c ON c.code = b.category
        CROSS JOIN LATERAL (
            SELECT string_agg(DISTINCT city, ' ') AS names FROM branches
            WHERE business_id = b.id AND removed_at IS NULL AND shown_since IS NOT NULL
        ) towns
        CROSS JOIN LATERAL (
            SELECT string_agg(name, ' ') AS names FROM (
                SELECT name FROM products WHERE business_id = b.id AND NOT is_hidden ORDER BY position, id LIMIT 300
            ) first_products
        ) goods
        CROSS JOIN LATERAL (
            SELECT translate(unaccent(concat_ws(' ', b.name, c.words, towns.names, goods.names)), '''’', '') AS words
        ) found
        WHERE b.id = ANY (wanted)
        ORDER BY b.id
        ON CONFLICT (business_id) DO UPDATE
            SET words = excluded.words, lexemes = excluded.lexemes, cjk = excluded.cjk
    $$;
"""

_SEARCH_TRIGGERS = """
    CREATE FUNCTION refresh_search_of_changed_rows() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_TABLE_NAME = 'businesses' THEN
            PERFORM refresh_directory_search(ARRAY(SELECT id FROM changed_rows));
        ELSE
            PERFORM refresh_directory_search(ARRAY(SELECT DISTINCT business_id FROM changed_rows));
        END IF;
        RETURN NULL;
    END $$;
    CREATE FUNCTION refresh_search_of_business() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM refresh_directory_search(ARRAY[NEW.id]);
        RETURN NULL;
    END $$;

    CREATE TRIGGER businesses_searchable AFTER INSERT ON businesses
        REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION refresh_search_of_changed_rows();
    CREATE TRIGGER businesses_searchable_anew AFTER UPDATE OF name, category, description ON businesses
        FOR EACH ROW EXECUTE FUNCTION refresh_search_of_business();
    CREATE TRIGGER branches_searchable AFTER INSERT ON branches
        REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION refresh_search_of_changed_rows();
    CREATE TRIGGER branches_searchable_anew AFTER UPDATE ON branches
        REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION refresh_search_of_changed_rows();
    CREATE TRIGGER products_searchable AFTER INSERT ON products
        REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION refresh_search_of_changed_rows();
    CREATE TRIGGER products_searchable_anew AFTER UPDATE ON products
        REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION refresh_search_of_changed_rows();
    CREATE TRIGGER products_searchable_less AFTER DELETE ON products
        REFERENCING OLD TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION refresh_search_of_changed_rows();
"""
