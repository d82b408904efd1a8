//! Listening sockets.

use std::io;
use std::net::SocketAddr;
use tokio::net::{TcpListener, TcpSocket};

/// Connections that the kernel keeps until they are accepted.
const BACKLOG: u32 = 1_024;
/// Bytes of a connection that the kernel keeps for it, each way; it takes twice as much memory. Left to itself it would
/// keep megabytes for each client that does not read.
const KERNEL_BYTES: u32 = 256 << 10;

/// Listens on `address`; port 0 takes a free one.
///
/// # Errors
/// Whatever the system says: the address is taken, or not this machine's.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A server that starts again must not wait for the connections of the one before.
    socket.set_reuseaddr(true)?;
    // Connections get what the listener has.
    socket.set_send_buffer_size(KERNEL_BYTES)?;
    socket.set_recv_buffer_size(KERNEL_BYTES)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}
