package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"time"
)

//go:embed assets/*
var assetFiles embed.FS

// asset is one file that pages are made of.
type asset struct {
	data []byte
	hash string // of data: another content has another URL
}

// assets are the files by their names. They come with the binary.
var assets = hashed()

func hashed() map[string]asset {
	files, err := assetFiles.ReadDir("assets")
	if err != nil {
		panic(err) // they are part of the binary
	}
	out := map[string]asset{}
	for _, f := range files {
		data, err := assetFiles.ReadFile("assets/" + f.Name())
		if err != nil {
			panic(err)
		}
		sum := sha256.Sum256(data)
		out[f.Name()] = asset{data, hex.EncodeToString(sum[:8])}
	}
	return out
}

// assetURL is where an asset lies: /assets/HASH/NAME.
func assetURL(name string) string { return "/assets/" + assets[name].hash + "/" + name }

// assetKinds are the content types of assets by their endings. The machine's own table of them may be another.
var assetKinds = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}

// routeAssets serves the assets. Under its own hash one never changes, so a browser keeps it for good. Under another one, which the page of another
// replica may name while a new version is rolled out, it is served all the same, but not to be kept.
func (s *Server) routeAssets(mux *http.ServeMux) {
	mux.HandleFunc("GET /assets/{hash}/{name}", func(w http.ResponseWriter, r *http.Request) {
		name := r.PathValue("name")
		a, ok := assets[name]
		if !ok {
			s.refuse(w, r, http.StatusNotFound, "there is no asset "+name)
			return
		}
		h := w.Header()
		h.Set("Content-Type", assetKinds[path.Ext(name)])
		h.Set("ETag", `"`+a.hash+`"`)
		h.Set("Cache-Control", "no-cache")
		if r.PathValue("hash") == a.hash {
			h.Set("Cache-Control", "public, max-age=31536000, immutable")
		}
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(a.data))
	})
}
