//! A listener whose connections can be cut from inside a handler: how a reply gets lost on the wire. Plain or over TLS.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Cuts one connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Scissors(Arc<AtomicBool>);

impl Scissors {
    /// From now on nothing can be read from or written to the connection; the peer sees a reset.
    pub(super) fn cut(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    fn is_cut(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// What carries the bytes.
enum Wire {
    Plain(TcpStream),
    /// A handshake is under way; done with the first read or write, so that a slow peer holds up nobody.
    Shaking(Box<tokio_rustls::Accept<TcpStream>>),
    Tls(Box<TlsStream<TcpStream>>),
    /// The handshake failed.
    Broken,
}

/// A connection that can be cut.
pub(super) struct CutStream {
    wire: Wire,
    scissors: Scissors,
}

/// A stream of either kind.
trait Stream: AsyncRead + AsyncWrite + Unpin {}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream for S {}

impl CutStream {
    fn check(&self) -> io::Result<()> {
        if self.scissors.is_cut() {
            // So that closing sends a reset and not an orderly end.
            match &self.wire {
                Wire::Plain(stream) => stream.set_zero_linger()?,
                Wire::Tls(stream) => stream.get_ref().0.set_zero_linger()?,
                Wire::Shaking(_) | Wire::Broken => {}
            }
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(())
    }

    /// The stream, after its handshake.
    fn poll_stream(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Pin<&mut dyn Stream>>> {
        self.check()?;
        if let Wire::Shaking(accept) = &mut self.wire {
            let shaken = ready!(Pin::new(accept).poll(context));
            self.wire = Wire::Broken;
            self.wire = Wire::Tls(Box::new(shaken?));
        }
        match &mut self.wire {
            Wire::Plain(stream) => Poll::Ready(Ok(Pin::new(stream))),
            Wire::Tls(stream) => Poll::Ready(Ok(Pin::new(stream))),
            Wire::Shaking(_) | Wire::Broken => Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
        }
    }
}

impl AsyncRead for CutStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.poll_stream(context))?.poll_read(context, buffer)
    }
}

impl AsyncWrite for CutStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_stream(context))?.poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_stream(context))?.poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_stream(context))?.poll_shutdown(context)
    }
}

/// Accepts [`CutStream`]s.
pub(super) struct CutListener {
    socket: TcpListener,
    tls: Option<TlsAcceptor>,
}

impl CutListener {
    /// Plain, or over TLS with this certificate.
    pub(super) fn new(socket: TcpListener, tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        Self { socket, tls: tls.map(TlsAcceptor::from) }
    }
}

impl Listener for CutListener {
    type Io = CutStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, address) = Listener::accept(&mut self.socket).await;
        // Small answers should not wait for more to send.
        drop(stream.set_nodelay(true));
        let wire = match &self.tls {
            None => Wire::Plain(stream),
            Some(acceptor) => Wire::Shaking(Box::new(acceptor.accept(stream))),
        };
        (CutStream { wire, scissors: Scissors::default() }, address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.socket.local_addr()
    }
}

impl Connected<IncomingStream<'_, CutListener>> for Scissors {
    fn connect_info(stream: IncomingStream<'_, CutListener>) -> Self {
        stream.io().scissors.clone()
    }
}
