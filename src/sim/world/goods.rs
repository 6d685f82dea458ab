//! What is traded, and who makes it of what: goods with their 19-digit codes, and industries with what they sell and
//! buy. The figures are plausible, not statistics. Codes follow the classification of goods and services for VAT, to
//! the digits that matter here.

use super::calendar::Season;

/// Something that can stand on an invoice line.
pub(super) struct Good {
    /// 19 digits.
    pub(super) code: u64,
    pub(super) name: &'static str,
    pub(super) unit: &'static str,
    /// A usual price of one unit, in fen.
    pub(super) price_fen: i64,
    /// What a general taxpayer charges.
    pub(super) rate_bp: i32,
}

const fn good(code: u64, name: &'static str, unit: &'static str, price_fen: i64, rate_bp: i32) -> Good {
    Good { code, name, unit, price_fen, rate_bp }
}

/// All goods; industries name them by their place here.
pub(super) static GOODS: [Good; 37] = [
    good(1_010_101_010_000_000_000, "*谷物*稻谷", "吨", 300_000, 900),
    good(1_010_105_000_000_000_000, "*棉花*皮棉", "吨", 1_500_000, 900),
    good(1_020_101_000_000_000_000, "*煤炭*原煤", "吨", 80_000, 1_300),
    good(1_020_102_000_000_000_000, "*煤炭*洗精煤", "吨", 130_000, 1_300),
    good(1_020_201_000_000_000_000, "*原油*原油", "吨", 350_000, 1_300),
    good(1_020_301_000_000_000_000, "*黑色金属矿*铁矿石", "吨", 80_000, 1_300),
    good(1_020_501_000_000_000_000, "*非金属矿石*石灰石", "吨", 6_000, 1_300),
    good(1_020_502_000_000_000_000, "*非金属矿石*机制砂", "立方米", 10_000, 1_300),
    good(1_100_101_010_000_000_000, "*供电*电力", "千瓦时", 60, 1_300),
    good(1_080_207_010_000_000_000, "*黑色金属冶炼压延品*热轧卷板", "吨", 400_000, 1_300),
    good(1_080_207_020_000_000_000, "*黑色金属冶炼压延品*螺纹钢", "吨", 380_000, 1_300),
    good(1_080_101_010_000_000_000, "*水泥*普通硅酸盐水泥", "吨", 40_000, 1_300),
    good(1_080_102_010_000_000_000, "*混凝土*商品混凝土", "立方米", 45_000, 1_300),
    good(1_030_101_010_000_000_000, "*谷物加工品*大米", "吨", 500_000, 900),
    good(1_030_101_020_000_000_000, "*谷物加工品*面粉", "吨", 400_000, 900),
    good(1_040_101_010_000_000_000, "*纺织产品*棉布", "米", 1_500, 1_300),
    good(1_040_101_020_000_000_000, "*纺织产品*混纺布", "米", 2_200, 1_300),
    good(1_040_201_010_000_000_000, "*服装*外套", "件", 12_000, 1_300),
    good(1_040_201_020_000_000_000, "*服装*长裤", "件", 9_000, 1_300),
    good(1_070_201_010_000_000_000, "*有机化学原料*甲醇", "吨", 250_000, 1_300),
    good(1_070_201_020_000_000_000, "*合成材料*聚乙烯", "吨", 800_000, 1_300),
    good(1_070_601_010_000_000_000, "*塑料制品*塑料管", "米", 3_000, 1_300),
    good(1_070_601_020_000_000_000, "*塑料制品*塑料薄膜", "千克", 1_500, 1_300),
    good(1_090_101_010_000_000_000, "*通用设备*机械零件", "件", 25_000, 1_300),
    good(1_090_101_020_000_000_000, "*通用设备*滚动轴承", "套", 12_000, 1_300),
    good(1_090_501_010_000_000_000, "*电子元件*印制电路板", "块", 30_000, 1_300),
    good(1_090_501_020_000_000_000, "*电子计算机*便携式计算机", "台", 450_000, 1_300),
    good(1_070_101_010_000_000_000, "*成品油*汽油", "吨", 850_000, 1_300),
    good(1_070_101_020_000_000_000, "*成品油*柴油", "吨", 750_000, 1_300),
    good(3_010_102_010_000_000_000, "*运输服务*公路货物运输", "次", 120_000, 900),
    good(3_050_100_000_000_000_000, "*建筑服务*工程款", "项", 5_000_000, 900),
    good(3_070_401_000_000_000_000, "*餐饮服务*餐费", "次", 8_000, 600),
    good(3_040_201_010_000_000_000, "*信息技术服务*软件开发", "项", 2_000_000, 600),
    good(3_040_203_000_000_000_000, "*信息技术服务*系统维护", "月", 500_000, 600),
    good(1_030_307_000_000_000_000, "*软饮料*茶饮料", "箱", 6_000, 1_300),
    good(1_090_413_010_000_000_000, "*蓄电池*铅酸蓄电池", "只", 25_000, 1_300),
    good(1_090_413_020_000_000_000, "*蓄电池*锂离子电池", "只", 60_000, 1_300),
];

/// Batteries of two kinds: one is bought where the other is said to be exported.
pub(super) const LEAD_ACID_BATTERIES: usize = 35;
pub(super) const LITHIUM_BATTERIES: usize = 36;

/// Where in the chain from raw to used an industry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tier {
    /// Farms and mines: little input.
    Producer,
    /// Factories.
    Maker,
    /// Wholesale: what they sell is what they bought.
    Trader,
    /// Retail and services.
    Shop,
}

/// A line of business.
#[derive(Clone, Copy)]
pub(super) struct Industry {
    /// GB/T 4754, 4 digits.
    pub(super) code: &'static str,
    /// What stands in the names of its firms.
    pub(super) word: &'static str,
    pub(super) tier: Tier,
    /// How common its firms are.
    pub(super) weight: u64,
    /// What it sells: places in [`GOODS`].
    pub(super) sells: &'static [usize],
    /// From which industries it buys: places in [`INDUSTRIES`], with weights.
    pub(super) buys: &'static [(usize, i64)],
    /// How its sales go over the year.
    pub(super) season: Season,
    /// The share of its purchases that comes from farmers, on vouchers of its own, in per cent.
    pub(super) farm_percent: i64,
}

const fn industry(
    code: &'static str,
    word: &'static str,
    tier: Tier,
    weight: u64,
    sells: &'static [usize],
    buys: &'static [(usize, i64)],
) -> Industry {
    Industry { code, word, tier, weight, sells, buys, season: Season::Business, farm_percent: 0 }
}

const fn in_season(season: Season, industry: Industry) -> Industry {
    Industry { season, ..industry }
}

const fn from_farmers(farm_percent: i64, industry: Industry) -> Industry {
    Industry { farm_percent, ..industry }
}

use Tier::{Maker, Producer, Shop, Trader};

/// All industries; they name each other by their place here.
pub(super) static INDUSTRIES: [Industry; 33] = [
    /* 0 */ in_season(Season::Harvest, industry("0111", "水稻种植", Producer, 40, &[0], &[(19, 1), (18, 2)])),
    /* 1 */ in_season(Season::Harvest, industry("0131", "棉花种植", Producer, 20, &[1], &[(19, 1), (18, 2)])),
    /* 2 */
    in_season(Season::Winter, industry("0610", "煤业", Producer, 25, &[2, 3], &[(15, 6), (6, 4), (28, 1)])),
    /* 3 */ industry("0710", "石油开采", Producer, 8, &[4], &[(15, 8), (6, 2)]),
    /* 4 */ industry("0810", "矿业", Producer, 15, &[5], &[(15, 6), (6, 4)]),
    /* 5 */ industry("1011", "石料", Producer, 20, &[6, 7], &[(15, 5), (18, 5)]),
    /* 6 */ industry("4411", "发电", Maker, 12, &[8], &[(2, 60), (20, 40)]),
    /* 7 */
    industry("3130", "钢铁", Maker, 40, &[9, 10], &[(4, 50), (2, 15), (20, 10), (6, 20), (19, 5), (30, 2)]),
    /* 8 */ industry("3011", "水泥制造", Maker, 35, &[11, 12], &[(5, 50), (2, 15), (20, 10), (6, 25), (28, 3)]),
    /* 9 */ from_farmers(40, industry("1311", "米业", Maker, 40, &[13, 14], &[(0, 70), (6, 20), (19, 10)])),
    /* 10 */ from_farmers(20, industry("1711", "纺织", Maker, 30, &[15, 16], &[(1, 70), (6, 30)])),
    /* 11 */ industry("1811", "服饰制造", Maker, 50, &[17, 18], &[(10, 90), (6, 10), (30, 2)]),
    /* 12 */ industry("2614", "化工", Maker, 25, &[19, 20], &[(2, 50), (6, 30), (20, 20)]),
    /* 13 */ industry("2922", "塑业", Maker, 45, &[21, 22], &[(12, 85), (6, 15)]),
    /* 14 */ industry("2511", "石化", Maker, 6, &[27, 28], &[(3, 90), (6, 10)]),
    /* 15 */ industry("3484", "机械", Maker, 70, &[23, 24], &[(7, 50), (21, 35), (6, 15), (30, 2)]),
    /* 16 */ industry("3982", "电子", Maker, 40, &[25, 26], &[(13, 40), (12, 30), (15, 20), (6, 10), (30, 4)]),
    /* 17 */ in_season(Season::Summer, industry("1523", "饮品", Maker, 15, &[34], &[(13, 60), (6, 40)])),
    /* 18 */ industry("5162", "石油销售", Trader, 20, &[27, 28], &[(14, 100)]),
    /* 19 */ industry("5430", "物流", Shop, 60, &[29], &[(18, 90), (15, 10)]),
    /* 20 */ in_season(Season::Winter, industry("5161", "煤炭贸易", Trader, 40, &[2, 3], &[(2, 92), (19, 8)])),
    /* 21 */ industry("5164", "金属贸易", Trader, 60, &[9, 10], &[(7, 94), (19, 6)]),
    /* 22 */
    industry("5165", "建材贸易", Trader, 60, &[9, 10, 11, 12, 21], &[(8, 45), (7, 30), (13, 20), (19, 5)]),
    /* 23 */ industry("5121", "粮油贸易", Trader, 50, &[13, 14], &[(9, 95), (19, 5)]),
    /* 24 */ industry("5132", "服装贸易", Trader, 50, &[17, 18], &[(11, 96), (19, 4)]),
    /* 25 */ industry("5179", "电子科技", Trader, 60, &[25, 26], &[(16, 97), (19, 3)]),
    /* 26 */
    in_season(
        Season::Retail,
        industry("5212", "超市", Shop, 90, &[13, 14, 17, 18, 34], &[(23, 35), (24, 30), (17, 25)]),
    ),
    /* 27 */ in_season(Season::Retail, industry("5232", "服装", Shop, 60, &[17, 18], &[(24, 90), (11, 10)])),
    /* 28 */ industry("4710", "建设工程", Shop, 90, &[30], &[(22, 60), (8, 15), (21, 20), (19, 5)]),
    /* 29 */ in_season(Season::Retail, industry("6210", "餐饮", Shop, 60, &[31], &[(23, 70), (17, 30)])),
    /* 30 */ industry("6513", "软件", Shop, 60, &[32, 33], &[(25, 100)]),
    /* 31 */ in_season(Season::Retail, industry("5273", "电脑", Shop, 40, &[25, 26], &[(25, 90), (16, 10)])),
    /* 32 */ in_season(Season::Retail, industry("5265", "加油站", Shop, 20, &[27, 28], &[(18, 100)])),
];

/// The wholesale trades whose goods are sold on without a change: where invoices can be passed on.
pub(super) static TRADES: [usize; 7] = [18, 20, 21, 22, 23, 24, 25];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::BasisPoints;

    #[test]
    fn goods_have_codes_of_19_digits_and_lawful_rates() {
        for good in &GOODS {
            assert_eq!(good.code.to_string().len(), 19, "{}", good.name);
            assert!(BasisPoints(good.rate_bp).is_lawful() && good.price_fen > 0, "{}", good.name);
        }
    }

    #[test]
    fn industries_name_goods_and_industries_that_exist_and_never_themselves() {
        for (place, industry) in INDUSTRIES.iter().enumerate() {
            assert!(industry.code.len() == 4 && industry.code.bytes().all(|b| b.is_ascii_digit()));
            assert!(industry.sells.iter().all(|&good| good < GOODS.len()), "{}", industry.word);
            assert!(industry.buys.iter().all(|&(from, share)| from < INDUSTRIES.len() && from != place && share > 0));
        }
    }

    #[test]
    fn a_trader_sells_only_what_its_suppliers_sell() {
        for trader in INDUSTRIES.iter().filter(|industry| industry.tier == Tier::Trader) {
            for good in trader.sells {
                assert!(trader.buys.iter().any(|&(from, _)| INDUSTRIES[from].sells.contains(good)), "{}", trader.word);
            }
        }
        assert!(TRADES.iter().all(|&place| INDUSTRIES[place].tier == Tier::Trader));
    }
}
