"""What the streets of the seeded directory are made of: towns, trades and their goods. Plain data, no rule."""

TOWNS = (
    ("London", "GB", 51.5074, -0.1278),
    ("Manchester", "GB", 53.4808, -2.2426),
    ("Birmingham", "GB", 52.4862, -1.8904),
    ("Leeds", "GB", 53.8008, -1.5491),
    ("Bristol", "GB", 51.4545, -2.5879),
    ("Brighton", "GB", 50.8225, -0.1372),
    ("Edinburgh", "GB", 55.9533, -3.1883),
    ("Glasgow", "GB", 55.8642, -4.2518),
    ("Cardiff", "GB", 51.4816, -3.1791),
    ("Belfast", "GB", 54.5973, -5.9301),
    ("York", "GB", 53.9600, -1.0873),
    ("Bath", "GB", 51.3811, -2.3590),
    ("Norwich", "GB", 52.6309, 1.2974),
    ("Exeter", "GB", 50.7184, -3.5339),
    ("Dublin", "IE", 53.3498, -6.2603),
    ("Paris", "FR", 48.8566, 2.3522),
    ("Berlin", "DE", 52.5200, 13.4050),
    ("New York", "US", 40.7128, -74.0060),
    ("香港", "HK", 22.3193, 114.1694),
    ("上海", "CN", 31.2304, 121.4737),
    ("北京", "CN", 39.9042, 116.4074),
    ("杭州", "CN", 30.2741, 120.1551),
)
"""Name, country, degrees north, degrees east."""

MONEY = {"GB": "GBP", "IE": "EUR", "FR": "EUR", "DE": "EUR", "US": "USD", "HK": "HKD", "CN": "CNY"}
ZONES = {
    "GB": "Europe/London",
    "IE": "Europe/Dublin",
    "FR": "Europe/Paris",
    "DE": "Europe/Berlin",
    "US": "America/New_York",
    "HK": "Asia/Hong_Kong",
    "CN": "Asia/Shanghai",
}
STREETS = "High Street|Station Road|Church Lane|Mill Road|Market Place|King Street|Queen Street|Park Road|The Green"
CHINESE_STREETS = "南京路|人民路|中山路|解放路|和平街|文化街|花园路"
OWNERS = (
    "Abbott|Ahmed|Baker|Begum|Carter|Chen|Clarke|Davies|Evans|Fletcher|Green|Hughes|Iqbal|Jones|Khan|Lewis|Marsh|"
    "Novak|O'Connor|Okafor|Patel|Quinn|Rossi|Shaw|Singh|Taylor|Usman|Walker|Wong|Young"
)
CHINESE_OWNERS = "老王|小李|张记|陈记|林家|阿芳|德兴|福顺|金龙|春风|明月|东方"
MANNERS = "Corner|Old|Little|Golden|Copper|Green|Riverside|Blue|Silver|Hidden|Red|Northern|Lantern|Harbour|Orchard"
PRAISE = (
    "Run by the same family since it opened.|Small, friendly and open six days a week.|Everything is made on the spot.|"
    "Ask us for what you cannot find.|Neighbours get a warm welcome and so do visitors.|Step-free, dogs welcome.|"
    "We buy from people we know by name."
)
CHINESE_PRAISE = "老街坊都爱来。|用料实在，价格公道。|欢迎光临，支持微信支付。|家传手艺，每日现做。"
QUALITIES = "House|Classic|Large|Small|Fresh|Seasonal|Everyday|Signature|Local|Organic"

TRADES = {
    "cafe": (
        "Coffee House|Espresso Bar|Tea Room|Café",
        "咖啡馆",
        "Flat white:340|Cappuccino:350|Espresso:240|Filter coffee:280|"
        "Carrot cake:420|Almond croissant:360|Earl Grey:260|Beans, 250 g:1100",
        "拿铁咖啡:2800|美式咖啡:2200|龙井茶:3600|手冲咖啡:3800|芝士蛋糕:3200",
    ),
    "bakery": (
        "Bakery|Bakehouse|Patisserie",
        "面包房",
        "Sourdough loaf:420|Rye bread:390|Cinnamon bun:320|"
        "Baguette:210|Lemon tart:450|Sausage roll:340|Birthday cake:3200",
        "红豆面包:900|吐司:1500|蛋挞:600|菠萝包:800",
    ),
    "restaurant": (
        "Kitchen|Dining Room|Bistro|Table",
        "饭店",
        "Soup of the day:650|Fish pie:1450|Mushroom risotto:1350|"
        "Roast chicken:1550|Sticky toffee pudding:750|Set lunch:1900",
        "红烧肉:5800|清蒸鱼:8800|小笼包:2600|麻婆豆腐:3200",
    ),
    "takeaway": (
        "Noodle Bar|Fish Bar|Curry House|Pizza Oven",
        "小吃店",
        "Cod and chips:950|Beef noodles:890|Chicken tikka:980|Margherita:1050|Spring rolls:450",
        "牛肉面:2200|煎饺:1600|炒饭:1800",
    ),
    "food_shop": (
        "Greengrocer|Delicatessen|Fishmonger|Butcher|Farm Shop",
        "食品店",
        "Cheddar, 200 g:520|Free-range eggs:310|Smoked salmon:780|Honey:640|Olive oil:1150|Apples, 1 kg:290",
        "腊肠:4800|豆腐:500|大米:3900|茶油:12800",
    ),
    "florist": (
        "Flowers|Bloom|Flower Room",
        "花店",
        "Hand-tied bouquet:3500|Potted fern:1200|Tulips:900|Orchid:2800|Dried wreath:2600",
        "玫瑰花束:19900|绿萝:3900|向日葵:5900",
    ),
    "hairdresser": (
        "Barbers|Hair Studio|Salon",
        "理发店",
        "Cut and finish:4200|Beard trim:1500|Colour:7800|Child's cut:1600|Wash and blow-dry:2800",
        "剪发:6800|染发:28800|洗吹:3800",
    ),
    "beauty": (
        "Beauty Room|Nail Bar|Skin Clinic",
        "美容院",
        "Manicure:2500|Facial:4800|Brow shape:1500|Massage, 60 min:5500",
        "美甲:12800|面部护理:26800",
    ),
    "books_stationery": (
        "Books|Bookshop|Stationers|Paper Shop",
        "书店",
        "Notebook:850|Fountain pen:2400|Poetry, signed:1299|Map of the county:999|Greeting card:320",
        "笔记本:2600|钢笔:8800|旧书:1500",
    ),
    "fashion": (
        "Outfitters|Wardrobe|Clothing Co.|Tailors",
        "服装店",
        "Linen shirt:5900|Wool jumper:8500|Raincoat:12000|Socks:900|Cotton T-shirt:2200|Scarf:3400",
        "旗袍:58800|衬衫:16800|围巾:9900",
    ),
    "jewellery": (
        "Jewellers|Silversmith|Watch Room",
        "珠宝店",
        "Silver ring:6500|Pearl earrings:8900|Watch strap:2900|Engraving:1800",
        "玉镯:88000|银戒指:26800",
    ),
    "furniture_home": (
        "Interiors|Furniture|Home Store|Lighting",
        "家居店",
        "Oak stool:8900|Reading lamp:5400|Wool rug:16500|Cushion:2900|Ceramic vase:3600",
        "茶几:68000|台灯:18800|瓷瓶:12800",
    ),
    "hardware": (
        "Hardware|Ironmongers|Garden Centre|Tool Shop",
        "五金店",
        "Claw hammer:1600|Paint, 2.5 l:2800|Watering can:1900|Screws, box:450|Compost:700",
        "电钻:29900|扳手:3900|油漆:12800",
    ),
    "repair": (
        "Repairs|Cobbler|Fix-It Shop|Workshop",
        "维修店",
        "Heel repair:1200|Key cutting:650|Zip replacement:1800|Screen repair:7900",
        "修鞋:2000|配钥匙:1000|换屏:39900",
    ),
    "electronics": (
        "Electronics|Phone Shop|Computers",
        "电子店",
        "USB-C cable:990|Headphones:4900|Phone case:1500|Laptop service:6500",
        "耳机:19900|充电器:7900|手机壳:3900",
    ),
    "cars_bikes": (
        "Cycles|Garage|Bike Works",
        "车行",
        "Full service:8500|Puncture repair:1400|City bike:49500|Helmet:3900|MOT:5485",
        "自行车:129900|补胎:1500",
    ),
    "pets": (
        "Pet Shop|Grooming|Vets",
        "宠物店",
        "Dog groom:4500|Cat food, 2 kg:1800|Lead:1600|Health check:4200",
        "猫粮:8800|洗澡:9900",
    ),
    "fitness": (
        "Gym|Yoga Studio|Climbing Wall",
        "健身房",
        "Day pass:1200|Month:4500|Beginners' course:6000|Mat:2200",
        "月卡:29900|瑜伽课:8800",
    ),
    "health": (
        "Dental Practice|Opticians|Physiotherapy",
        "诊所",
        "Eye test:2900|Check-up:5500|Physio, 45 min:5200|Reading glasses:8900",
        "洗牙:19900|验光:5000",
    ),
    "toys_gifts": (
        "Toys|Gift Shop|Games",
        "玩具店",
        "Wooden train:2400|Jigsaw, 500 pieces:1500|Board game:2900|Candle:1600",
        "积木:12800|风筝:4900",
    ),
    "bar": (
        "Arms|Tap Room|Wine Bar",
        "酒吧",
        "Pint of bitter:480|House red:650|Pork pie:520|Gin and tonic:790",
        "啤酒:2800|红酒:6800",
    ),
    "arts_crafts": (
        "Gallery|Pottery|Print Studio",
        "画廊",
        "Linocut print:4500|Mug:2200|Pottery class:5500|Frame:3800",
        "水墨画:188000|茶杯:9900",
    ),
    "education": (
        "Tutors|Music School|Language School",
        "培训中心",
        "Piano lesson:3200|Maths, 60 min:3500|Evening class:12000",
        "钢琴课:20000|英语课:15000",
    ),
    "travel": (
        "Guest House|Hotel|Tours",
        "客栈",
        "Double room:9500|City walk:1800|Full breakfast:1200",
        "双人间:38800|一日游:19900",
    ),
}
"""Category → ends of English names, end of Chinese names, English goods and Chinese goods (name:minor units)."""
