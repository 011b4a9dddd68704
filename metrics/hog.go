package metrics

import "math"

// Sizes of the HOG descriptor.
const (
	hogBins  = 9 // of 20 degrees each
	hogCell  = 8 // side in pixels
	hogBlock = 3 // side in cells
)

// hogSide is the least height and width that has a descriptor, in pixels.
const hogSide = hogCell * hogBlock

// HOG returns the histograms of oriented gradients of an image given row by row,
// width pixels a row: for every block of 3x3 cells, block after block and cell
// after cell row by row, the 9 values of each cell of 8x8 pixels.
//
// Dalal & Triggs, "Histograms of Oriented Gradients for Human Detection", CVPR
// 2005, section 6, as scikit-image's hog computes them (orientations=9,
// pixels_per_cell=(8, 8), cells_per_block=(3, 3), block_norm="L2-Hys"): central
// differences, 0 along the border of their direction; a pixel adds the length of
// its gradient to one bin of its own cell, without the paper's interpolation
// between bins and cells; each block is scaled to length 1, cut off at 0.2 and
// scaled again.
//
// It is nil, undefined, where the image is under 24 pixels high or wide. Rows
// and columns beyond the last whole cell are left out. It panics where the image
// has no whole number of rows.
func HOG(x []float64, width int) []float64 {
	if width < 1 || len(x)%width != 0 {
		panic("metrics: HOG of an image of a broken shape")
	}
	rows, cols := len(x)/width/hogCell, width/hogCell // of cells
	if rows < hogBlock || cols < hogBlock {
		return nil
	}
	cells := hogCells(x, width, rows, cols)
	var out []float64
	for r := range rows - hogBlock + 1 {
		for c := range cols - hogBlock + 1 {
			from := len(out)
			for i := range hogBlock {
				at := ((r+i)*cols + c) * hogBins
				out = append(out, cells[at:at+hogBlock*hogBins]...)
			}
			block := out[from:]
			shorten(block)
			for i, v := range block {
				block[i] = min(v, 0.2)
			}
			shorten(block)
		}
	}
	return out
}

// hogCells returns the mean gradient length by bin of every cell,
// [rows, cols, hogBins].
func hogCells(x []float64, width, rows, cols int) []float64 {
	height := len(x) / width
	cells := make([]float64, rows*cols*hogBins)
	for r := range rows * hogCell {
		for c := range cols * hogCell {
			at := r*width + c
			down, right := 0.0, 0.0
			if r > 0 && r < height-1 {
				down = x[at+width] - x[at-width]
			}
			if c > 0 && c < width-1 {
				right = x[at+1] - x[at-1]
			}
			length := math.Sqrt(float64(down*down) + float64(right*right))
			cells[((r/hogCell)*cols+c/hogCell)*hogBins+hogBin(down, right)] += length / (hogCell * hogCell)
		}
	}
	return cells
}

// hogEdges holds the cosine and the sine of the angles where bins 1 to 8 begin:
// 20, 40, ... 160 degrees.
var hogEdges = [hogBins - 1][2]float64{
	{0.93969262078590838405, 0.34202014332566873304},
	{0.76604444311897803520, 0.64278760968653932632},
	{0.5, 0.86602540378443864676},
	{0.17364817766693034885, 0.98480775301220805937},
	{-0.17364817766693034885, 0.98480775301220805937},
	{-0.5, 0.86602540378443864676},
	{-0.76604444311897803520, 0.64278760968653932632},
	{-0.93969262078590838405, 0.34202014332566873304},
}

// hogBin returns the bin of a gradient's direction, taken modulo 180 degrees. It
// compares with the bins' edges, since the arc tangent's last bits differ
// between processors.
func hogBin(down, right float64) int {
	if down < 0 || down == 0 && right < 0 {
		down, right = -down, -right
	}
	bin := 0
	for _, e := range hogEdges {
		if float64(e[0]*down)-float64(e[1]*right) < 0 {
			break // the gradient lies before the edge
		}
		bin++
	}
	return bin
}

// shorten scales a block to length 1, nearly: scikit-image adds 1e-5 squared to
// the square, so that a block without gradients stays 0.
func shorten(block []float64) {
	sum := 0.0
	for _, v := range block {
		sum += float64(v * v)
	}
	length := math.Sqrt(sum + 1e-5*1e-5)
	for i := range block {
		block[i] /= length
	}
}

// centre takes the mean from a list, ready for pearson, and returns the sum of
// the squares.
func centre(x []float64) (squares float64) {
	mean := 0.0
	for _, v := range x {
		mean += v
	}
	mean /= float64(len(x))
	for i := range x {
		x[i] -= mean
		squares += float64(x[i] * x[i])
	}
	return squares
}

// gradients is a descriptor less its mean, ready to be correlated with others.
type gradients struct {
	centred []float64 // nil where there is no descriptor
	squares float64   // their sum
}

func newGradients(x []float64, width int) gradients {
	g := gradients{centred: HOG(x, width)}
	if g.centred != nil {
		g.squares = centre(g.centred)
	}
	return g
}

// correlation is Pearson's, NaN where one of the two is constant or missing.
func (g gradients) correlation(o gradients) float64 {
	if g.squares == 0 || o.squares == 0 {
		return math.NaN()
	}
	sum := 0.0
	for i, v := range g.centred {
		sum += float64(v * o.centred[i])
	}
	return max(-1, min(1, sum/math.Sqrt(float64(g.squares*o.squares))))
}
