package web

import (
	"container/list"
	"context"
	"net"
	"net/http"
	"net/netip"
	"sync"
)

// gate is a listener that holds so many connections open at once and still lets everybody in: when all are taken, one that waits for a request gives way
// to the new one. So connections that do nothing, or send a request by bytes, keep nobody out: above all not whoever asks for /healthz, whom an orchestrator
// believes that the guard is dead. It is always one of the address with the most that wait, and of those the one that has waited longest; so behind a proxy or
// a load balancer, where all come from one address, that is the oldest, and there is no limit for a single address that they would share.
//
// A connection whose request is being answered is never closed. There are fewer of those than places, since requests and streams have limits of their
// own; if it should happen all the same, new ones wait until one is free.
type gate struct {
	net.Listener
	most int

	mu      sync.Mutex
	free    sync.Cond // on mu: a peer left or waits, or the gate is closed
	open    int       // peers
	waiting *list.List
	of      map[netip.Prefix]int // how many wait, by address
	closed  bool
}

// The limits of what is answered leave room at the gate.
const _ = uint(connections - streamsMost - maxWorking - strangersMost)

// peer is one connection at the gate.
type peer struct {
	net.Conn
	gate *gate
	from netip.Prefix

	// Guarded by the gate's mutex.
	busy int           // requests that are being answered; HTTP/2 has several
	at   *list.Element // in gate.waiting; nil while busy and after it left
	left bool
}

func newGate(ln net.Listener, most int) *gate {
	g := &gate{Listener: ln, most: most, waiting: list.New(), of: map[netip.Prefix]int{}}
	g.free.L = &g.mu
	return g
}

// Accept returns the next connection, and makes room for it if there is none.
func (g *gate) Accept() (net.Conn, error) {
	conn, err := g.Listener.Accept()
	if err != nil {
		return nil, err
	}
	p := &peer{Conn: conn, gate: g, from: originOf(conn.RemoteAddr().String())}
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.open >= g.most && !g.closed {
		if g.waiting.Len() == 0 {
			g.free.Wait()
			continue
		}
		g.leave(g.longest())
	}
	if g.closed {
		_ = conn.Close() // nobody would serve it
		return nil, net.ErrClosed
	}
	g.open++
	g.wait(p)
	return p, nil
}

// Close ends the listener. Connections stay.
func (g *gate) Close() error {
	g.mu.Lock()
	g.closed = true
	g.free.Broadcast()
	g.mu.Unlock()
	return g.Listener.Close()
}

// longest is the peer that gives way.
func (g *gate) longest() *peer {
	var found *peer
	for e := g.waiting.Front(); e != nil; e = e.Next() {
		if p := e.Value.(*peer); found == nil || g.of[p.from] > g.of[found.from] {
			found = p
		}
	}
	return found
}

// wait puts a peer behind those that wait.
func (g *gate) wait(p *peer) {
	p.at = g.waiting.PushBack(p)
	g.of[p.from]++
	g.free.Signal()
}

// unwait takes a peer from those that wait, if it does.
func (g *gate) unwait(p *peer) {
	if p.at == nil {
		return
	}
	g.waiting.Remove(p.at)
	p.at = nil
	if g.of[p.from]--; g.of[p.from] == 0 {
		delete(g.of, p.from)
	}
}

// leave closes a peer's connection and gives its place up.
func (g *gate) leave(p *peer) {
	if p.left {
		return
	}
	p.left = true
	g.unwait(p)
	g.open--
	g.free.Signal()
	_ = p.Conn.Close() // whoever reads from it gets the error
}

// Close gives the place up.
func (p *peer) Close() error {
	p.gate.mu.Lock()
	defer p.gate.mu.Unlock()
	p.gate.leave(p)
	return nil
}

// begin notes that a request of the peer is being answered; false: its connection was closed meanwhile.
func (p *peer) begin() bool {
	p.gate.mu.Lock()
	defer p.gate.mu.Unlock()
	if p.left {
		return false
	}
	p.busy++
	p.gate.unwait(p)
	return true
}

// end notes that the handler of a request has answered.
func (p *peer) end() {
	p.gate.mu.Lock()
	defer p.gate.mu.Unlock()
	if p.busy--; p.busy == 0 && !p.left {
		p.gate.wait(p)
	}
}

type peerKey struct{}

// context is for http.Server.ConnContext: answering needs it.
func (g *gate) context(ctx context.Context, conn net.Conn) context.Context {
	if t, ok := conn.(interface{ NetConn() net.Conn }); ok { // TLS
		conn = t.NetConn()
	}
	return context.WithValue(ctx, peerKey{}, conn)
}

// answering tells the gate while a request is being answered. One whose connection gave way is not begun: nobody would hear how an order went.
func (g *gate) answering(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p, ok := r.Context().Value(peerKey{}).(*peer); ok {
			if !p.begin() {
				panic(http.ErrAbortHandler)
			}
			defer p.end()
		}
		next.ServeHTTP(w, r)
	})
}
