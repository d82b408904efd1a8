//! Accepting connections, and serving each until it ends or the server stops.

use crate::limits::ConnectionLimits;
use crate::patient::Patient;
use crate::places::Places;
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::HttpService;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::error::Error;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};

/// How long to wait when the system has no room for another connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How long requests under way may take once the server stops.
const DRAIN: Duration = Duration::from_secs(5);
/// Bytes that a connection buffers of its requests; heads beyond are refused. Small, for there may be thousands.
const BUFFER_BYTES: usize = 16 << 10;

/// Who is connected.
#[derive(Clone, Debug)]
pub struct Peer {
    /// From where.
    pub ip: IpAddr,
    /// Held by everything that serves it; the server has stopped when all of these are gone.
    pub alive: mpsc::Sender<()>,
}

/// What lets connections in.
#[derive(Clone, Debug)]
pub struct Doors {
    /// The bounds.
    pub limits: ConnectionLimits,
    /// Places taken, by all listeners that share the bounds.
    pub places: Arc<Places>,
    /// Connections that were closed for want of a place.
    pub refused: Arc<AtomicU64>,
    /// Says that the server stops.
    pub stop: watch::Receiver<bool>,
    /// See [`Peer::alive`].
    pub alive: mpsc::Sender<()>,
}

impl Doors {
    /// Lets connections in until the server stops. `service` makes the service of each.
    pub async fn open<S, B>(self, listener: TcpListener, service: impl Fn(Peer) -> S)
    where
        S: HttpService<Incoming, ResBody = B, Future: Send, Error: Into<Box<dyn Error + Send + Sync>>>
            + Send
            + 'static,
        B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
    {
        let mut stop = pin!(stopped(self.stop.clone()));
        loop {
            let accepted = tokio::select! {
                () = &mut stop => return,
                accepted = listener.accept() => accepted,
            };
            let Ok((stream, address)) = accepted else {
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let Some(stream) = self.seat(stream, address.ip()) else { continue };
            let peer = Peer { ip: address.ip(), alive: self.alive.clone() };
            tokio::spawn(serve(stream, service(peer), self.limits.head_timeout, self.stop.clone()));
        }
    }

    /// Gives a connection a place; `None` closes it.
    fn seat(&self, stream: TcpStream, ip: IpAddr) -> Option<Patient> {
        let place = self.places.take(ip, self.limits.all_max, self.limits.per_ip_max);
        if place.is_none() {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        // Without it the kernel holds small answers back; a socket that refuses works all the same.
        stream.set_nodelay(true).ok();
        place.map(|place| Patient::new(stream, self.limits.write_timeout, place))
    }
}

/// Serves a connection until it ends or the server stops. An upgraded one lives on as a WebSocket.
async fn serve<S, B>(stream: Patient, service: S, head_timeout: Duration, stop: watch::Receiver<bool>)
where
    S: HttpService<Incoming, ResBody = B, Error: Into<Box<dyn Error + Send + Sync>>>,
    B: Body<Error: Into<Box<dyn Error + Send + Sync>>> + 'static,
{
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(head_timeout).max_buf_size(BUFFER_BYTES);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service).with_upgrades());
    tokio::select! {
        // A client that goes away or breaks the protocol ends its connection; nobody else needs to hear of it.
        _ = connection.as_mut() => {}
        () = stopped(stop) => {
            connection.as_mut().graceful_shutdown();
            tokio::time::timeout(DRAIN, connection).await.ok();
        }
    }
}

/// Returns when the server stops.
pub async fn stopped(mut stop: watch::Receiver<bool>) {
    // If the sender is gone, so is the server.
    stop.wait_for(|stop| *stop).await.ok();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listen;
    use bytes::Bytes;
    use hyper::body::Frame;
    use hyper::service::service_fn;
    use hyper::{Request, Response};
    use std::convert::Infallible;
    use std::net::SocketAddr;
    use std::pin::Pin;
    use std::task::{Context, Poll};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    /// Far beyond what anything takes.
    const WAIT: Duration = Duration::from_secs(30);

    /// A body of so many pieces.
    struct Pieces(u32);

    impl Body for Pieces {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            let left = self.0.checked_sub(1);
            self.0 = left.unwrap_or(0);
            Poll::Ready(left.map(|_| Ok(Frame::data(Bytes::from_static(&[b'x'; 1_000])))))
        }
    }

    struct Server {
        address: SocketAddr,
        doors: Doors,
        stop: watch::Sender<bool>,
        ended: mpsc::Receiver<()>,
    }

    /// Answers every request with so many pieces.
    fn start(pieces: u32, limits: ConnectionLimits) -> Server {
        let listener = listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let (alive, ended) = mpsc::channel(1);
        let doors = Doors { limits, places: Arc::default(), refused: Arc::default(), stop: stopped, alive };
        tokio::spawn(doors.clone().open(listener, move |peer: Peer| {
            service_fn(move |_: Request<Incoming>| {
                let alive = peer.alive.clone();
                async move {
                    drop(alive);
                    Ok::<_, Infallible>(Response::new(Pieces(pieces)))
                }
            })
        }));
        Server { address, doors, stop, ended }
    }

    const PATIENT: ConnectionLimits =
        ConnectionLimits { all_max: 4, per_ip_max: 2, head_timeout: WAIT, write_timeout: WAIT };

    async fn rest(stream: &mut TcpStream) -> usize {
        let mut bytes = Vec::new();
        let read = tokio::time::timeout(WAIT, stream.read_to_end(&mut bytes)).await;
        read.expect("closed in time").unwrap_or(bytes.len())
    }

    #[tokio::test]
    async fn a_place_is_taken_until_the_socket_is_closed() {
        let server = start(1, PATIENT);
        let connect = || TcpStream::connect(server.address);
        let (first, _second) = (connect().await.unwrap(), connect().await.unwrap());
        assert_eq!(rest(&mut connect().await.unwrap()).await, 0);
        assert_eq!(server.doors.refused.load(Ordering::Relaxed), 1);
        drop(first);
        while server.doors.places.taken() > 1 {
            tokio::task::yield_now().await;
        }
        let mut third = connect().await.unwrap();
        third.write_all(b"GET / HTTP/1.1\r\nhost: t\r\nconnection: close\r\n\r\n").await.unwrap();
        assert!(rest(&mut third).await > 1_000);
    }

    #[tokio::test]
    async fn a_client_that_takes_nothing_is_let_go_and_one_that_takes_little_is_not() {
        let limits = ConnectionLimits { write_timeout: Duration::from_millis(400), ..PATIENT };
        let server = start(20_000, limits);
        let request = b"GET / HTTP/1.1\r\nhost: t\r\nconnection: close\r\n\r\n";
        let mut slow = TcpStream::connect(server.address).await.unwrap();
        slow.write_all(request).await.unwrap();
        let mut deaf = TcpStream::connect(server.address).await.unwrap();
        deaf.write_all(request).await.unwrap();
        let mut pace = tokio::time::interval(Duration::from_millis(50));
        let mut heard = 0;
        while server.doors.places.taken() > 1 {
            pace.tick().await;
            heard += slow.read(&mut [0; 300_000]).await.unwrap();
        }
        assert!(heard + rest(&mut slow).await > 20_000_000);
        assert!(rest(&mut deaf).await < 20_000_000);
    }

    #[tokio::test]
    async fn stopping_ends_what_is_idle_and_waits_for_what_is_under_way() {
        let mut server = start(1, PATIENT);
        let mut idle = TcpStream::connect(server.address).await.unwrap();
        idle.write_all(b"GET / HTTP/1.1\r\nhost: t\r\n\r\n").await.unwrap();
        idle.read_exact(&mut [0; 1_000]).await.unwrap();
        server.stop.send_replace(true);
        rest(&mut idle).await;
        drop(server.doors);
        assert_eq!(tokio::time::timeout(WAIT, server.ended.recv()).await.expect("ended in time"), None);
    }
}
