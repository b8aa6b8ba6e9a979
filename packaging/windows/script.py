"""The NSIS script of Setup.exe, written from the files that are to be installed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

# Setup ends with these in silent mode; 0 is success.
CANCELLED, FAILED, OPEN = 1, 2, 3
_UNINSTALL = r"Software\Microsoft\Windows\CurrentVersion\Uninstall\Spaceport"
_PATHS = r"Software\Microsoft\Windows\CurrentVersion\App Paths\Spaceport.exe"
# Windows itself limits a path to 260 characters for programs that do not ask for more.
LONGEST_PATH = 170
# What that leaves for the folder itself, with "\\new\\" behind it while Setup unpacks.
LONGEST_FOLDER = 259 - LONGEST_PATH - len(r"\new") - 1


@dataclass(frozen=True)
class Setup:
    """What goes into Setup.exe.

    Parameters
    ----------
    payload : Path
        Folder of what is installed, as it will lie there.
    output : Path
        The Setup.exe to make.
    version : str
        Three numbers with dots between them.
    icon, licence : Path
        Of Setup.
    compressor : str
        As NSIS names it: ``/SOLID lzma``, ``zlib``.
    signing : str
        Command that signs a file, whose place is ``%1``; empty for none.
    """

    payload: Path
    output: Path
    version: str
    icon: Path
    licence: Path
    compressor: str = "/SOLID lzma"
    signing: str = ""


def text(setup: Setup) -> str:
    """Return the script."""
    files = sorted(path for path in setup.payload.rglob("*") if path.is_file())
    size_kib = sum(path.stat().st_size for path in files) // 1024
    tops = sorted({path.relative_to(setup.payload).parts[0] for path in files})
    folders = [top for top in tops if (setup.payload / top).is_dir()]
    plain = [top for top in tops if top not in folders]
    signing = f"!uninstfinalize '{setup.signing}'\n" if setup.signing else ""
    return (
        _HEAD.format(
            version=setup.version,
            output=setup.output,
            icon=setup.icon,
            licence=setup.licence,
            compressor=setup.compressor,
            signing=signing,
            size_kib=size_kib,
            uninstall=_UNINSTALL,
            paths=_PATHS,
            open=OPEN,
            failed=FAILED,
            longest=LONGEST_FOLDER,
        )
        + _FUNCTIONS
        + _install(setup.payload, files, folders, plain)
        + _remove(folders, plain)
    )


def _install(payload: Path, files: list[Path], folders: list[str], plain: list[str]) -> str:
    lines = [_BEGIN]
    here = None
    for path in files:
        inside = PurePosixPath(path.relative_to(payload).as_posix())
        if inside.parent != here:
            here = inside.parent
            below = "" if str(here) == "." else "\\" + str(here).replace("/", "\\")
            lines.append(f'SetOutPath "{_quoted("$INSTDIR" + chr(92) + "new" + below, own=True)}"')
        lines.append(f'File "{_quoted(str(path))}"')
    lines.append(_CHECKED)
    for top in (*folders, *plain):
        lines.append(f'!insertmacro Switch "{_quoted(top)}"')
    lines.append(_END)
    return "\n".join(lines) + "\n"


def _remove(folders: list[str], plain: list[str]) -> str:
    gone = [f'RMDir /r "$INSTDIR\\{_quoted(top)}"' for top in folders]
    gone += [f'Delete "$INSTDIR\\{_quoted(top)}"' for top in plain]
    return _UNINSTALLER.replace("@FILES@", "\n".join(f"  {line}" for line in gone))


def _quoted(words: str, own: bool = False) -> str:
    """Return words as they stand between double quotes of a script."""
    if not own:
        words = words.replace("$", "$$")
    return words.replace('"', '$\\"')


_HEAD = r"""; Written by packaging/windows/script.py.
Target amd64-unicode
Unicode true
ManifestDPIAware true
ManifestSupportedOS all
RequestExecutionLevel user
SetCompressor {compressor}
SetDateSave off
CRCCheck force
Name "Spaceport"
OutFile "{output}"
InstallDir "$LOCALAPPDATA\Programs\Spaceport"
InstallDirRegKey HKCU "{uninstall}" "InstallLocation"
BrandingText "Spaceport {version}"
VIProductVersion "{version}.0"
VIAddVersionKey "ProductName" "Spaceport"
VIAddVersionKey "ProductVersion" "{version}"
VIAddVersionKey "FileVersion" "{version}"
VIAddVersionKey "FileDescription" "Spaceport Setup"
VIAddVersionKey "LegalCopyright" "Apache License 2.0"
{signing}
!include MUI2.nsh
!include LogicLib.nsh
!include FileFunc.nsh
!include x64.nsh
!define VERSION "{version}"
!define UNINSTALL "{uninstall}"
!define PATHS "{paths}"
!define SIZE_KIB {size_kib}
!define LONGEST_FOLDER {longest}
!define ENDS_OPEN {open}
!define ENDS_FAILED {failed}
!define CLASSES "Software\Classes"
!define MUI_ICON "{icon}"
!define MUI_UNICON "{icon}"
!define MUI_ABORTWARNING
!define MUI_FINISHPAGE_RUN "$INSTDIR\Spaceport.exe"
!define MUI_FINISHPAGE_RUN_TEXT "Open Spaceport"
!define MUI_WELCOMEPAGE_TITLE "$Title"
!define MUI_WELCOMEPAGE_TEXT "$Welcome"
Var Title
Var Welcome
Var Before
!insertmacro MUI_PAGE_WELCOME
!insertmacro MUI_PAGE_LICENSE "{licence}"
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"
"""

_FUNCTIONS = r"""
; Spaceport is open if a launcher holds its mutex, or its interpreter cannot be written to.
!macro IsOpen un
Function ${un}IsOpen
  StrCpy $0 0
  System::Call 'kernel32::OpenMutexW(i 0x00100000, i 0, w "Local\Spaceport.open") p .r1'
  ${If} $1 P<> 0
    System::Call 'kernel32::CloseHandle(p r1)'
    StrCpy $0 1
    Return
  ${EndIf}
  ${If} ${FileExists} "$INSTDIR\runtime\pythonw.exe"
    ClearErrors
    FileOpen $1 "$INSTDIR\runtime\pythonw.exe" a
    ${If} ${Errors}
      StrCpy $0 1
    ${Else}
      FileClose $1
    ${EndIf}
    ClearErrors
    FileOpen $1 "$INSTDIR\runtime\python.exe" a
    ${If} ${Errors}
      StrCpy $0 1
    ${Else}
      FileClose $1
    ${EndIf}
  ${EndIf}
FunctionEnd

Function ${un}WaitUntilClosed
  again:
  Call ${un}IsOpen
  ${If} $0 = 1
    ${If} ${Silent}
      SetErrorLevel ${ENDS_OPEN}
      Quit
    ${EndIf}
    MessageBox MB_RETRYCANCEL|MB_ICONEXCLAMATION "Spaceport is open. Close it, then press Retry." IDRETRY again
    SetErrorLevel ${ENDS_OPEN}
    Quit
  ${EndIf}
FunctionEnd
!macroend
!insertmacro IsOpen ""
!insertmacro IsOpen "un."

; Put a new file or folder in the place of the old one.
!macro Switch name
  ${If} ${FileExists} "$INSTDIR\${name}"
    Rename "$INSTDIR\${name}" "$INSTDIR\old\${name}"
  ${EndIf}
  Rename "$INSTDIR\new\${name}" "$INSTDIR\${name}"
!macroend

Function .onInit
  ${IfNot} ${RunningX64}
    MessageBox MB_OK|MB_ICONSTOP "Spaceport needs Windows 10 or 11 with 64 bits." /SD IDOK
    SetErrorLevel ${ENDS_FAILED}
    Quit
  ${EndIf}
  StrCpy $Title "Install Spaceport ${VERSION}"
  StrCpy $Welcome "Drone photos in, a web-ready splat out, on the computer you own.$\r$\n$\r$\nIt is installed for you alone and needs no administrator."
  ReadRegStr $Before HKCU "${UNINSTALL}" "DisplayVersion"
  ${If} $Before == "${VERSION}"
    StrCpy $Title "Repair Spaceport ${VERSION}"
    StrCpy $Welcome "This version is installed. Setup puts all its files in place again. Projects and settings stay."
  ${ElseIf} $Before != ""
    StrCpy $Title "Change Spaceport $Before to ${VERSION}"
    StrCpy $Welcome "Projects and settings stay."
  ${EndIf}
FunctionEnd
"""

_BEGIN = r"""
Section "Spaceport"
  StrLen $0 $INSTDIR
  ${If} $0 > ${LONGEST_FOLDER}
    MessageBox MB_OK|MB_ICONSTOP "The path of this folder is too long for Windows: $INSTDIR. Run Setup again and choose a shorter one." /SD IDOK
    SetErrorLevel ${ENDS_FAILED}
    Quit
  ${EndIf}
  Call WaitUntilClosed
  SetOverwrite on
  ClearErrors
  ; Everything is unpacked beside what is there: a full disk or a kill leaves the old version.
  RMDir /r "$INSTDIR\new"
  RMDir /r "$INSTDIR\old"
  ClearErrors"""

_CHECKED = r"""
  ${If} ${Errors}
    SetOutPath "$TEMP"
    RMDir /r "$INSTDIR\new"
    MessageBox MB_OK|MB_ICONSTOP "Setup could not write all files into $INSTDIR. Make room on the disk and run it again. What was installed before is unchanged." /SD IDOK
    SetErrorLevel ${ENDS_FAILED}
    Quit
  ${EndIf}
  SetOutPath "$INSTDIR"
  CreateDirectory "$INSTDIR\old"
  ClearErrors"""

_END = r"""
  ${If} ${Errors}
    MessageBox MB_OK|MB_ICONSTOP "Setup could not replace all files in $INSTDIR. Close what uses them and run it again." /SD IDOK
    SetErrorLevel ${ENDS_FAILED}
    Quit
  ${EndIf}
  RMDir /r "$INSTDIR\old"
  RMDir /r "$INSTDIR\new"
  WriteUninstaller "$INSTDIR\Uninstall.exe"

  SetShellVarContext current
  CreateShortCut "$SMPROGRAMS\Spaceport.lnk" "$INSTDIR\Spaceport.exe" "" "$INSTDIR\Spaceport.exe" 0
  ; Who removed the link from the desktop does not get it back with an update.
  ${If} $Before == ""
    CreateShortCut "$DESKTOP\Spaceport.lnk" "$INSTDIR\Spaceport.exe" "" "$INSTDIR\Spaceport.exe" 0
  ${EndIf}

  WriteRegStr HKCU "${PATHS}" "" "$INSTDIR\Spaceport.exe"
  WriteRegStr HKCU "${CLASSES}\Spaceport.Splat" "" "Gaussian splat"
  WriteRegStr HKCU "${CLASSES}\Spaceport.Splat\DefaultIcon" "" "$INSTDIR\Spaceport.exe,0"
  WriteRegStr HKCU "${CLASSES}\Spaceport.Splat\shell\open\command" "" '"$INSTDIR\Spaceport.exe" "%1"'
  WriteRegNone HKCU "${CLASSES}\.sog\OpenWithProgids" "Spaceport.Splat"
  ReadRegStr $0 HKCU "${CLASSES}\.sog" ""
  ${If} $0 == ""
    WriteRegStr HKCU "${CLASSES}\.sog" "" "Spaceport.Splat"
  ${EndIf}
  ; .ply belongs to many programs: Spaceport is offered for it, no more.
  WriteRegNone HKCU "${CLASSES}\.ply\OpenWithProgids" "Spaceport.Splat"
  WriteRegStr HKCU "${CLASSES}\Spaceport.Project" "" "Spaceport project"
  WriteRegStr HKCU "${CLASSES}\Spaceport.Project\DefaultIcon" "" "$INSTDIR\Spaceport.exe,0"
  WriteRegStr HKCU "${CLASSES}\Spaceport.Project\shell\open\command" "" '"$INSTDIR\Spaceport.exe" "%1"'
  WriteRegStr HKCU "${CLASSES}\.spaceport" "" "Spaceport.Project"
  ; A project is a folder: its menu opens it.
  WriteRegStr HKCU "${CLASSES}\Directory\shell\Spaceport" "" "Open in Spaceport"
  WriteRegStr HKCU "${CLASSES}\Directory\shell\Spaceport" "Icon" "$INSTDIR\Spaceport.exe,0"
  WriteRegStr HKCU "${CLASSES}\Directory\shell\Spaceport" "AppliesTo" 'System.FileName:"*.spaceport"'
  WriteRegStr HKCU "${CLASSES}\Directory\shell\Spaceport\command" "" '"$INSTDIR\Spaceport.exe" "%1"'

  WriteRegStr HKCU "${UNINSTALL}" "DisplayName" "Spaceport"
  WriteRegStr HKCU "${UNINSTALL}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKCU "${UNINSTALL}" "DisplayIcon" "$INSTDIR\Spaceport.exe,0"
  WriteRegStr HKCU "${UNINSTALL}" "Publisher" "Spaceport"
  WriteRegStr HKCU "${UNINSTALL}" "InstallLocation" "$INSTDIR"
  WriteRegStr HKCU "${UNINSTALL}" "UninstallString" '"$INSTDIR\Uninstall.exe"'
  WriteRegStr HKCU "${UNINSTALL}" "QuietUninstallString" '"$INSTDIR\Uninstall.exe" /S'
  WriteRegDWORD HKCU "${UNINSTALL}" "EstimatedSize" ${SIZE_KIB}
  WriteRegDWORD HKCU "${UNINSTALL}" "NoModify" 1
  WriteRegDWORD HKCU "${UNINSTALL}" "NoRepair" 1
  ${RefreshShellIcons}
SectionEnd"""

_UNINSTALLER = r"""
Section "Uninstall"
  Call un.WaitUntilClosed
  SetShellVarContext current
  SetOutPath "$TEMP"
@FILES@
  RMDir /r "$INSTDIR\new"
  RMDir /r "$INSTDIR\old"
  Delete "$INSTDIR\Uninstall.exe"
  ; Only if nothing of the person's own lies in it.
  RMDir "$INSTDIR"
  ; Settings, compiled code and engines that were set up; projects lie elsewhere.
  RMDir /r "$LOCALAPPDATA\spaceport"
  Delete "$SMPROGRAMS\Spaceport.lnk"
  Delete "$DESKTOP\Spaceport.lnk"
  DeleteRegKey HKCU "${UNINSTALL}"
  DeleteRegKey HKCU "${PATHS}"
  DeleteRegKey HKCU "${CLASSES}\Spaceport.Splat"
  DeleteRegKey HKCU "${CLASSES}\Spaceport.Project"
  DeleteRegKey HKCU "${CLASSES}\Directory\shell\Spaceport"
  DeleteRegValue HKCU "${CLASSES}\.sog\OpenWithProgids" "Spaceport.Splat"
  DeleteRegValue HKCU "${CLASSES}\.ply\OpenWithProgids" "Spaceport.Splat"
  ReadRegStr $0 HKCU "${CLASSES}\.sog" ""
  ${If} $0 == "Spaceport.Splat"
    DeleteRegValue HKCU "${CLASSES}\.sog" ""
  ${EndIf}
  ReadRegStr $0 HKCU "${CLASSES}\.spaceport" ""
  ${If} $0 == "Spaceport.Project"
    DeleteRegValue HKCU "${CLASSES}\.spaceport" ""
  ${EndIf}
  DeleteRegKey /ifempty HKCU "${CLASSES}\.sog\OpenWithProgids"
  DeleteRegKey /ifempty HKCU "${CLASSES}\.sog"
  DeleteRegKey /ifempty HKCU "${CLASSES}\.ply\OpenWithProgids"
  DeleteRegKey /ifempty HKCU "${CLASSES}\.ply"
  DeleteRegKey /ifempty HKCU "${CLASSES}\.spaceport"
  ${RefreshShellIcons}
SectionEnd
"""
