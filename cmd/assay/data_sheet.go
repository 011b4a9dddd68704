package main

import (
	"bytes"
	"context"
	"fmt"
	"image/png"
	"math"
	"path/filepath"
	"strings"

	"assay/experiments"
	"assay/reports"
	"assay/train"
	"assay/train/dataset"
)

// maxSheet bounds the images of a sheet, which is held in memory.
const maxSheet = 2500

// checkSheet finds what is wrong with the sheet whatever the data.
func (f *infoFlags) checkSheet() error {
	if strings.ToLower(filepath.Ext(f.sheet)) != ".png" {
		return usagef("--sheet is %q, want a file that ends in .png", f.sheet)
	}
	if f.cols < 0 {
		return usagef("--cols is %d, want 1 or more, or 0 for as square as can be", f.cols)
	}
	return canWrite("--sheet", f.sheet)
}

// drawSheet draws the chosen images of d as a PNG, with what the network takes
// them for where there is one, and returns how many they are.
func (f *infoFlags) drawSheet(ctx context.Context, d *dataset.Dataset, source *experiments.NetSource) ([]byte, int, error) {
	images, err := dataset.Indices(f.images, d.Len())
	if err != nil {
		return nil, 0, usagef("--images: %w", err)
	}
	if len(images) == 0 || len(images) > maxSheet {
		return nil, 0, usagef("--images %q chooses %d images, want 1 to %d on a sheet", f.images, len(images), maxSheet)
	}
	tiles := make([]reports.Tile, len(images))
	for k, i := range images {
		tiles[k] = reports.Tile{C: d.Shape.C, H: d.Shape.H, W: d.Shape.W, Pixels: d.Image(i), Title: fmt.Sprint(i, " ", d.Classes[d.Labels[i]])}
	}
	if source != nil {
		if err := f.judge(ctx, tiles, d, images, source); err != nil {
			return nil, 0, err
		}
	}
	cols := f.cols
	if cols == 0 {
		cols = int(math.Ceil(math.Sqrt(float64(len(images)))))
	}
	m, err := reports.Sheet(tiles, cols)
	if err != nil {
		return nil, 0, badInput(err)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		return nil, 0, fmt.Errorf("--sheet: %w", err)
	}
	return b.Bytes(), len(images), nil
}

// judge notes on the tiles what the network takes the images for.
func (f *infoFlags) judge(ctx context.Context, tiles []reports.Tile, d *dataset.Dataset, images []int, source *experiments.NetSource) error {
	net, err := netFor(source, d)
	if err != nil {
		return err
	}
	m, err := readModel(net, f.weights)
	if err != nil {
		return err
	}
	predicted, err := train.Predict(ctx, m, d, images, 0)
	if err != nil {
		return err
	}
	for k, class := range predicted {
		tiles[k].Note, tiles[k].Mark = d.Classes[class], reports.Wrong
		if class == d.Labels[images[k]] {
			tiles[k].Mark = reports.Right
		}
	}
	return nil
}
