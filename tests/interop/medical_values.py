#!/usr/bin/env python3
"""Prints what pydicom and nibabel read from the small files in their Debian packages, as lines of
tests/unit/data/medical_values.inc: file, width, height, pictures, least, greatest and mean value.

    /usr/bin/python3 tests/interop/medical_values.py >tests/unit/data/medical_values.inc

Needs python3-pydicom, python3-nibabel and, for compressed files, python3-gdcm and python3-pil. Gray values are those after
the rescale of the file; colours are RGB in 8 bits. A file that the packages cannot decode has no line, nor has
JPEG2000-embedded-sequence-delimiter.dcm, whose damage GDCM does not notice.
"""
import os
import warnings

import nibabel
import numpy
import pydicom
from pydicom.pixel_data_handlers.util import apply_color_lut, apply_modality_lut, convert_color_space

warnings.simplefilter("ignore")


def dicom_values(path):
    """Width, height, frames and values of a file; None if it holds no image."""
    file = pydicom.dcmread(path, force=True)
    if not any(key in file for key in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        return None
    if "TransferSyntaxUID" not in file.file_meta:
        return None
    values = file.pixel_array
    colours = file.PhotometricInterpretation
    if colours == "PALETTE COLOR":
        values = apply_color_lut(values, file)
        values = values // 256 if values.dtype == numpy.uint16 else values
    elif file.SamplesPerPixel == 3:
        if file.BitsStored > 8:
            values = values >> (file.BitsStored - 8)
        if colours in ("YBR_FULL", "YBR_FULL_422"):
            values = convert_color_space(values, colours, "RGB")
    else:
        values = apply_modality_lut(values, file)
    return file.Columns, file.Rows, int(getattr(file, "NumberOfFrames", 1) or 1), values


def nifti_values(path):
    image = nibabel.load(path)
    values = numpy.asanyarray(image.dataobj)
    pictures = values.size // (values.shape[0] * values.shape[1])
    return values.shape[0], values.shape[1], pictures, values


def lines(kind, folder, names, read):
    for name in sorted(names):
        try:
            found = read(os.path.join(folder, name))
        except Exception:  # the packages name many reasons, by many types
            continue
        if found is not None:
            width, height, pictures, values = found
            values = values.astype(numpy.float64)
            print(f'{{"{kind}", "{name}", {width}, {height}, {pictures}, '
                  f"{numpy.nanmin(values):.10g}, {numpy.nanmax(values):.10g}, {numpy.nanmean(values):.10g}}},")


def main():
    folder = os.path.join(os.path.dirname(pydicom.__file__), "data", "test_files")
    names = []
    for at, _, files in os.walk(folder):
        names += [os.path.relpath(os.path.join(at, name), folder) for name in files]
    lines("pydicom", folder, [name for name in names if not name.endswith((".py", ".txt", ".json"))
                               and "embedded" not in name], dicom_values)
    folder = os.path.join(os.path.dirname(nibabel.__file__), "nicom", "tests", "data")
    lines("nicom", folder, [name for name in os.listdir(folder) if name.endswith(".dcm")], dicom_values)
    folder = os.path.join(os.path.dirname(nibabel.__file__), "tests", "data")
    names = [name for name in os.listdir(folder) if name.endswith((".nii", ".nii.gz")) and "dconn" not in name]
    lines("nibabel", folder, names, nifti_values)


main()
