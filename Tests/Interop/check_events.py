"""Checks that TensorBoard reads from a run's event files what the run's metrics say.

    check_events.py RUN_FOLDER
"""
import argparse
import json
import struct

import numpy as np
from tensorboard.backend.event_processing import event_accumulator, plugin_event_accumulator
from tensorboard.util import tensor_util

from agreement import fail, need

TAGS = [
    "bound", "validation", "learning_rate", "validation_reconstruction", "validation_divergence"]
PNG_START = b"\x89PNG\r\n\x1a\n"


def read_metrics(path):
    """The points of each curve: pairs of a step and a value."""
    points = {tag: [] for tag in TAGS}
    for number, line in enumerate(need(path).read_text().splitlines(), 1):
        try:
            record = json.loads(line)
            step = record["step"]
        except (json.JSONDecodeError, KeyError) as error:
            fail(f"line {number} of '{path}' is not a record of a step: {error!r}.")
        for tag in TAGS:
            if record.get(tag) is not None:
                points[tag].append((step, record[tag]))
    for tag in TAGS:
        if not points[tag]:
            fail(f"'{path}' has no {tag}.")
    return points


def check_curve(tag, found, expected):
    """Fails unless a curve has the same steps and, rounded to float32, the same values."""
    found_steps, steps = ([step for step, _ in points] for points in (found, expected))
    if found_steps != steps:
        missing = sorted(set(steps) - set(found_steps))
        surplus = sorted(set(found_steps) - set(steps))
        fail(f"'{tag}' has {len(found_steps)} steps in TensorBoard and {len(steps)} in the "
             f"metrics; missing {missing[:5]}, surplus {surplus[:5]}, or in another order or "
             "number.")
    for (step, value), (_, wanted) in zip(found, expected):
        if np.float32(value) != np.float32(wanted):
            fail(f"'{tag}' at step {step} is {value!r} in TensorBoard, {wanted!r} in the metrics.")
    print(f"  {tag}: {len(steps)} values at steps {steps[0]} to {steps[-1]} are equal, "
          f"the last is {found[-1][1]:.6g}")


def check_images(events):
    """Fails unless there are samples, and every picture is a PNG of the size that is stated."""
    if "samples" not in events.Tags()["images"]:
        fail("there is no image 'samples'.")
    for tag in events.Tags()["images"]:
        for image in events.Images(tag):
            content = image.encoded_image_string
            if not content.startswith(PNG_START):
                fail(f"the image '{tag}' at step {image.step} is not a PNG.")
            size = struct.unpack(">II", content[16:24])
            if size != (image.width, image.height):
                fail(f"the image '{tag}' at step {image.step} is {size[0]} by {size[1]}, its event "
                     f"says {image.width} by {image.height}.")
        print(f"  image {tag}: steps {[image.step for image in events.Images(tag)]}, "
              f"{image.width} by {image.height}")


def check_result(events, report):
    """Fails unless the evaluation at the end is the one that `train --json` printed."""
    expected = json.loads(need(report).read_text())
    points = curve_for_programs(events, "test/nll")
    wanted = (expected["steps"], expected["evaluation"]["nll"])
    if not points or points[-1][0] != wanted[0] or (
            np.float32(points[-1][1]) != np.float32(wanted[1])):
        fail(f"'test/nll' ends in {points[-1:]}, expected {wanted}.")
    print(f"  test/nll: {points[-1][1]:.6g} at step {points[-1][0]}, as printed")


def check_blocks(found, expected):
    """Fails unless the bounds by step, of 64 steps each, have the means that the passes have."""
    if len(found) < len(expected):
        fail(f"'bound_by_step' has {len(found)} values in {len(expected)} passes.")
    begin = 0
    for end, wanted in expected:
        blocks = [(step, value) for step, value in found if begin < step <= end]
        if not blocks or blocks[-1][0] != end:
            fail(f"'bound_by_step' has no value at step {end}, where a pass ends.")
        starts = [begin] + [step for step, _ in blocks[:-1]]
        sizes = [step - start for start, (step, _) in zip(starts, blocks)]
        mean = np.average([value for _, value in blocks], weights=sizes)
        if not abs(mean - wanted) <= 1e-5 * abs(wanted):
            fail(f"'bound_by_step' has the mean {mean} up to step {end}, the pass {wanted}.")
        begin = end
    print(f"  bound_by_step: {len(found)} values, with the means of the passes")


def check_settings(events):
    """Fails unless the run's settings are there as a text for TensorBoard's page of texts."""
    if "settings" not in events.Tags()["tensors"]:
        fail("there is no text 'settings'.")
    plugin = events.SummaryMetadata("settings").plugin_data.plugin_name
    text = tensor_util.make_ndarray(events.Tensors("settings")[-1].tensor_proto).item().decode()
    if plugin != "text" or "| objective " not in text or "| seed " not in text:
        fail(f"'settings' is of the plugin '{plugin}': {text}")
    print(f"  text settings: {len(text.splitlines()) - 2} rows")


def check_orphans(folder, expected):
    """Fails unless a killed run left events that TensorBoard drops."""
    everything = curve_for_programs(read_for_programs(folder, drops=False), "bound")
    orphans = len(everything) - len(expected)
    if orphans <= 0:
        fail("no event lies beyond the checkpoint: nothing was to be dropped.")
    print(f"  {orphans} events of 'bound' lie beyond the checkpoint, and are dropped")


def read_for_programs(folder, drops=True):
    """What programs that ask TensorBoard for a folder's events get."""
    # Zero: every event is kept, none are sampled away.
    kinds = (event_accumulator.SCALARS, event_accumulator.IMAGES)
    events = event_accumulator.EventAccumulator(
        str(folder), size_guidance={kind: 0 for kind in kinds}, purge_orphaned_data=drops)
    events.Reload()
    return events


def curve_for_programs(events, tag):
    found = events.Scalars(tag) if tag in events.Tags()["scalars"] else []
    return [(event.step, event.value) for event in found]


def read_for_display(folder):
    """What TensorBoard shows: another reader, which takes every value for a tensor."""
    events = plugin_event_accumulator.EventAccumulator(
        str(folder), size_guidance={plugin_event_accumulator.TENSORS: 0})
    events.Reload()
    return events


def curve_for_display(events, tag):
    found = events.Tensors(tag) if tag in events.Tags()["tensors"] else []
    return [(event.step, tensor_util.make_ndarray(event.tensor_proto).item()) for event in found]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", help="the run folder")
    parser.add_argument("report", help="what `train --json` printed")
    parser.add_argument("--killed", action="store_true", help="the run was killed and resumed")
    options = parser.parse_args()
    folder = need(options.run)
    files = sorted(folder.glob("events.out.tfevents.*"))
    if not files:
        fail(f"'{folder}' has no event files.")
    expected = read_metrics(folder / "metrics.jsonl")
    print(f"{folder}: {len(files)} event files")
    events = read_for_programs(folder)
    print("As programs read them:")
    for tag in TAGS:
        check_curve(tag, curve_for_programs(events, tag), expected[tag])
    check_images(events)
    check_result(events, options.report)
    if options.killed:
        check_orphans(folder, expected["bound"])
    events = read_for_display(folder)
    print("As TensorBoard shows them:")
    for tag in TAGS:
        check_curve(tag, curve_for_display(events, tag), expected[tag])
    check_blocks(curve_for_display(events, "bound_by_step"), expected["bound"])
    check_settings(events)
    print(f"{folder}: TensorBoard and the metrics agree")


if __name__ == "__main__":
    main()
