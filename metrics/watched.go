package metrics

import "assay/model"

// watched are the classes whose output a metric may watch while it perturbs an
// image; a map can only be held to what it argues for, so explained is the
// default:
//
//	explained   the class that the map explains; where that is the difference
//	            of two classes, the first of them
//	predicted   the class predicted for the whole image, whatever was explained
//	difference  where the difference of two classes is explained, the difference
//	            of their outputs; else as explained
var watched = []string{"explained", "predicted", "difference"}

// watchedTarget returns what is watched of a case.
func watchedTarget(name string, c *Case) model.Target {
	switch name {
	case "predicted":
		return model.Target{Class: c.Predicted, Minus: -1}
	case "difference":
		return c.Target
	}
	return model.Target{Class: c.Target.Class, Minus: -1}
}

// watchedAbout describes the output of what is watched, as in "probability of
// the predicted class".
func watchedAbout(name, output string) string {
	switch name {
	case "predicted":
		return output + " of the predicted class"
	case "difference":
		return output + " of the explained class (less that of the second where a difference is explained)"
	}
	return output + " of the explained class (of a difference its first)"
}
