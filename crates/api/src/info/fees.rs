//! What an account pays, and why.

use super::fields::Fields;
use crate::app::App;
use crate::error::ApiError;
use crate::format::Fixed;
use serde_json::{Value, json};
use tandem_exchange::fees::{DAYS, FeeRates, FeeSchedule, FeeState, Rates, day_of, fee_state};
use tandem_exchange::referral::{DISCOUNT_BPS, is_discounted};

/// Decimals of a rate in millionths, and of volumes.
const MILLIONTHS: u8 = 6;
/// Decimals of a rate in basis points.
const BASIS_POINTS: u8 = 4;

/// What those pay who have no tier.
#[derive(Clone, Copy, Debug, Default)]
struct Base {
    perp: Rates,
    spot: Rates,
}

pub(super) fn answer(app: &App, fields: &Fields<'_>) -> Result<Value, ApiError> {
    let user = fields.user()?;
    let views = app.views();
    let account = views.markets().account(&user);
    let state = app.node.state();
    let tables = &state.tables.exchange;
    let config = tables.config.peek(&());
    let spot = config.map(|config| (config.taker_fee_ppm, config.maker_fee_ppm));
    let perp = tables.perp_config.peek(&()).map(|config| (config.taker_fee_ppm, config.maker_fee_ppm));
    let rates = |rates: Option<(u32, u32)>| {
        rates.map_or_else(Rates::default, |(taker_ppm, maker_ppm)| Rates { taker_ppm, maker_ppm })
    };
    let base = Base { perp: rates(perp), spot: rates(spot) };
    let schedule = config.map_or_else(FeeSchedule::default, |config| config.fees);
    let now = state.head().time;
    let own = account.map_or_else(FeeState::default, |account| fee_state(tables, account, now));
    let today = day_of(now);
    let days = (today.saturating_sub(DAYS)..=today).map(|day| {
        let volume =
            own.days.iter().find(|(at, _)| *at == day).map(|(_, volume)| *volume).unwrap_or_default();
        let all = tables.exchange_days.peek(&day).copied().unwrap_or(0);
        json!({
            "date": date(day),
            "userCross": micros(volume.taker),
            "userAdd": micros(volume.maker),
            "exchange": micros(all),
        })
    });
    let days: Vec<Value> = days.collect();
    let record = account.and_then(|account| tables.accounts.peek(&account));
    let referral_bps = if record.is_some_and(is_discounted) { DISCOUNT_BPS } else { 0 };
    Ok(rates_of(&schedule, base, &own, referral_bps, &days))
}

/// What an account pays; what it saves by a referral is not in its rates, as on Hyperliquid.
fn rates_of(schedule: &FeeSchedule, base: Base, own: &FeeState, referral_bps: u16, days: &[Value]) -> Value {
    let standing = own.standing;
    let perp = standing.rates(schedule, base.perp, |tier| tier.perp);
    let spot = standing.rates(schedule, base.spot, |tier| tier.spot);
    let discount = Fixed::new(u128::from(standing.discount_bps), BASIS_POINTS);
    json!({
        "dailyUserVlm": days,
        "feeSchedule": {
            "cross": ppm(base.perp.taker_ppm),
            "add": ppm(base.perp.maker_ppm),
            "spotCross": ppm(base.spot.taker_ppm),
            "spotAdd": ppm(base.spot.maker_ppm),
            "tiers": { "vip": volume_tiers(schedule), "mm": rebate_tiers(schedule) },
            "referralDiscount": Fixed::new(u128::from(DISCOUNT_BPS), BASIS_POINTS),
            "stakingDiscountTiers": [],
        },
        "userCrossRate": ppm(perp.taker_ppm),
        "userAddRate": maker(perp),
        "userSpotCrossRate": ppm(spot.taker_ppm),
        "userSpotAddRate": maker(spot),
        "activeReferralDiscount": Fixed::new(u128::from(referral_bps), BASIS_POINTS),
        "trial": null,
        "feeTrialReward": "0.0",
        "nextTrialAvailableTimestamp": null,
        "stakingLink": null,
        "activeStakingDiscount": { "bpsOfMaxSupply": "0.0", "discount": discount },
    })
}

fn volume_tiers(schedule: &FeeSchedule) -> Vec<Value> {
    let rows = schedule.tiers().iter().map(|tier| {
        json!({
            "ntlCutoff": Fixed::new(u128::from(tier.above_usd), 0),
            "cross": ppm(tier.perp.taker_ppm),
            "add": ppm(tier.perp.maker_ppm),
            "spotCross": ppm(tier.spot.taker_ppm),
            "spotAdd": ppm(tier.spot.maker_ppm),
        })
    });
    rows.collect()
}

fn rebate_tiers(schedule: &FeeSchedule) -> Vec<Value> {
    let rows = schedule.rebates().iter().map(|tier| {
        json!({
            "makerFractionCutoff": ppm(tier.above_share_ppm),
            "add": Fixed::signed(-i128::from(tier.rebate_ppm), MILLIONTHS),
        })
    });
    rows.collect()
}

fn ppm(rate: u32) -> Fixed {
    Fixed::new(u128::from(rate), MILLIONTHS)
}

/// Below zero what a maker receives.
fn maker(rates: FeeRates) -> Fixed {
    Fixed::signed(i128::from(rates.maker_ppm) - i128::from(rates.rebate_ppm), MILLIONTHS)
}

fn micros(volume: u64) -> Fixed {
    Fixed::new(u128::from(volume), MILLIONTHS)
}

/// The date of a day since the Unix epoch, in the Gregorian calendar: years of 400 repeat, and begin with March.
fn date(day: u32) -> String {
    let from_march = u64::from(day) + 719_468;
    let (era, of_era) = (from_march / 146_097, from_march % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    format!("{:04}-{month:02}-{of_month:02}", era * 400 + year_of_era + later)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_their_dates() {
        for (day, expected) in [
            (0, "1970-01-01"),
            (59, "1970-03-01"),
            (789, "1972-02-29"),
            (11_016, "2000-02-29"),
            (19_675, "2023-11-14"),
            (20_454, "2026-01-01"),
            (47_540, "2100-02-28"),
            (47_541, "2100-03-01"),
        ] {
            assert_eq!(date(day), expected, "{day}");
        }
    }
}
