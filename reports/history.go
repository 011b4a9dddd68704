package reports

import (
	"image/color"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// history draws loss and accuracy over the epochs of the training.
func (t *Training) history() *Figure {
	n := len(t.Epochs)
	if n == 0 {
		return nil
	}
	var epochs, losses, training, test []float64
	for i, e := range t.Epochs {
		epochs = append(epochs, float64(i+1))
		losses = append(losses, e.Loss)
		training = append(training, 100*e.TrainAccuracy)
		test = append(test, 100*e.TestAccuracy)
	}
	none := make([]float64, max(n, len(t.Running)))
	for i := range none {
		none[i] = math.NaN()
	}
	loss := newPlot("", "epoch", "cross-entropy loss")
	grid(loss)
	curves := []curve{{x: epochs, y: losses, half: none[:n], pen: penOf(0)}}
	if k := len(t.Running); k > 0 {
		running := curve{y: t.Running, half: none[:k], pen: pen{color.NRGBA{86, 180, 233, 255}, nil, nil, 1}}
		for i := range t.Running {
			running.x = append(running.x, float64(n)*float64(i+1)/float64(k))
		}
		curves = append([]curve{running}, curves...)
	}
	for i := range curves {
		addCurve(loss, &curves[i], 1)
	}
	ranges(loss, curves)
	accuracy := newPlot("", "epoch", "accuracy (%)")
	grid(accuracy)
	shown := []curve{{x: epochs, y: training, half: none[:n], pen: penOf(0)}, {x: epochs, y: test, half: none[:n], pen: penOf(1)}}
	for i := range shown {
		addCurve(accuracy, &shown[i], 1)
	}
	ranges(accuracy, shown)
	for _, p := range []*plot.Plot{loss, accuracy} {
		p.X.Min, p.X.Max = 0, float64(n)+0.1
		p.X.Tick.Marker = wholeTicks(n)
		p.Y.Tick.Marker = linearTicks(5)
	}
	accuracy.Y.Max = min(accuracy.Y.Max, 101)
	var l legend
	l.add("training split", penOf(0))
	l.add("test split", penOf(1))
	if len(curves) > 1 {
		l.add("training, mean of "+strconv.Itoa(t.Interval)+" batches", curves[0].pen)
	}
	height := 2.1 * vg.Inch
	return &Figure{
		ID: "training", Title: "Training",
		Caption: "Left: loss over the training batches as they passed. Right: accuracy after each epoch on a fixed random sample of the training split as large as the test split, without augmentation, and on the test split. A test accuracy that falls while the training accuracy rises is overfitting: attributions then explain a network that has learnt its images by heart.",
		w:       double, h: height + l.height(double),
		draw: func(c draw.Canvas) {
			drawGrid(sub(c, 0, 0, double, height), [][]*plot.Plot{{loss, accuracy}})
			l.draw(sub(c, 0, height, double, l.height(double)))
		},
	}
}

// wholeTicks marks 0 to n in whole steps, at most ten of them.
func wholeTicks(n int) plot.Ticker {
	step := max(1, (n+9)/10)
	var t plot.ConstantTicks
	for k := 0; k <= n; k += step {
		t = append(t, plot.Tick{Value: float64(k), Label: strconv.Itoa(k)})
	}
	return t
}
