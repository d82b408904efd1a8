//! One TCP connection: its place among the limits, its requests, its end.

use crate::app::{App, stopped};
use crate::http;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::collections::HashMap;
use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::mpsc;

/// How long requests under way may take once the server stops.
const DRAIN: Duration = Duration::from_secs(5);
/// Bytes that a connection buffers of its requests; heads beyond are refused. Small, for there may be thousands.
const BUFFER_BYTES: usize = 16 << 10;

/// Who is connected.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    /// From where.
    pub(crate) ip: IpAddr,
    /// Held by everything that serves it; the server has stopped when all of these are gone.
    pub(crate) alive: mpsc::Sender<()>,
}

/// Counts of something by address, within bounds.
#[derive(Debug, Default)]
pub(crate) struct Places {
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_ip: HashMap<IpAddr, usize>,
}

/// A place taken; free again when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    ip: IpAddr,
}

impl Places {
    /// Takes a place for `ip`; `None` if there is none left, in all or for it.
    pub(crate) fn take(self: &Arc<Self>, ip: IpAddr, max: usize, per_ip_max: usize) -> Option<Place> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let of_ip = taken.by_ip.get(&ip).copied().unwrap_or(0);
        if taken.all >= max || of_ip >= per_ip_max {
            return None;
        }
        taken.all += 1;
        taken.by_ip.insert(ip, of_ip + 1);
        Some(Place { places: Arc::clone(self), ip })
    }

    /// Places taken.
    pub(crate) fn taken(&self) -> usize {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).all
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.all = taken.all.saturating_sub(1);
        if let Some(of_ip) = taken.by_ip.get_mut(&self.ip) {
            *of_ip = of_ip.saturating_sub(1);
            if *of_ip == 0 {
                taken.by_ip.remove(&self.ip);
            }
        }
    }
}

/// Serves a connection until it ends or the server stops. An upgraded one lives on as a WebSocket.
pub(crate) async fn serve(app: Arc<App>, stream: TcpStream, peer: Peer, place: Place) {
    // Without it the kernel holds small answers back; a socket that refuses works all the same.
    stream.set_nodelay(true).ok();
    let mut stop = pin!(stopped(app.stop.clone()));
    let head_timeout = Duration::from_millis(app.config.limits.head_timeout_ms);
    let service = service_fn(move |request| {
        let (app, peer) = (Arc::clone(&app), peer.clone());
        async move { Ok::<_, Infallible>(http::handle(app, peer, request).await) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(head_timeout).max_buf_size(BUFFER_BYTES);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service).with_upgrades());
    tokio::select! {
        // A client that goes away or breaks the protocol ends its connection; nobody else needs to hear of it.
        _ = connection.as_mut() => {}
        () = &mut stop => {
            connection.as_mut().graceful_shutdown();
            tokio::time::timeout(DRAIN, connection).await.ok();
        }
    }
    drop(place);
}
