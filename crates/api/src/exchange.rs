//! `/exchange`.

use crate::app::App;
use crate::error::ApiError;
use crate::request::ExchangeRequest;
use crate::{rates, response};
use std::net::IpAddr;

/// Submits the action of `body` and answers when a block has decided it.
///
/// # Errors
/// [`ApiError`], which for what Hyperliquid answers with 200 has that status.
pub(crate) async fn answer(app: &App, ip: IpAddr, body: &[u8]) -> Result<String, ApiError> {
    app.rates.take(ip, rates::action_weight(body.len()), &app.config.limits)?;
    let ExchangeRequest { signed, kind } = ExchangeRequest::parse(body)?;
    let answer = app.node.submit(signed.clone()).await;
    let answer =
        answer.map_err(|error| response::of_failure(&error, &signed, &app.node.identity().network))?;
    app.viewed(answer.header.height).await;
    Ok(response::of_receipt(&answer.receipt, kind, app.views().markets()))
}
