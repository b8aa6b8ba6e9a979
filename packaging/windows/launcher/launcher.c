/* Starts the interpreter that was installed beside it with Spaceport, and hands its words on.
 *
 * Spaceport.exe is the window's, bin\spaceport.exe (built with -DCONSOLE) that of the terminal.
 * Both hold a mutex while their child runs, by which Setup sees that Spaceport is open.
 */
#define UNICODE
#include <windows.h>
#include <wchar.h>

#define LONGEST 32768
#define SOON_MS 20000

#ifdef CONSOLE
#define UP 2
#define INTERPRETER L"\\runtime\\python.exe"
#else
#define UP 1
#define INTERPRETER L"\\runtime\\pythonw.exe"
#endif

static wchar_t folder[LONGEST], line[LONGEST];

static int fail(const wchar_t *sentence) {
#ifdef CONSOLE
    DWORD written;
    HANDLE errors = GetStdHandle(STD_ERROR_HANDLE);
    if (!WriteConsoleW(errors, sentence, (DWORD)wcslen(sentence), &written, NULL)) {
        char narrow[1024];
        int bytes = WideCharToMultiByte(CP_UTF8, 0, sentence, -1, narrow, sizeof narrow, NULL, NULL);
        if (bytes > 1) WriteFile(errors, narrow, (DWORD)(bytes - 1), &written, NULL);
    }
#else
    MessageBoxW(NULL, sentence, L"Spaceport", MB_OK | MB_ICONERROR);
#endif
    return 1;
}

/* Skip the program's own name as Windows quotes it. */
static const wchar_t *words(const wchar_t *command) {
    int quoted = 0;
    for (; *command && (quoted || (*command != L' ' && *command != L'\t')); command++)
        if (*command == L'"') quoted = !quoted;
    while (*command == L' ' || *command == L'\t') command++;
    return command;
}

static int start(void) {
    static const wchar_t *broken = L"Spaceport is not complete. Run its Setup again.\n";
    DWORD length = GetModuleFileNameW(NULL, folder, LONGEST);
    if (!length || length >= LONGEST) return fail(broken);
    for (int up = 0; up < UP; up++) {
        wchar_t *last = wcsrchr(folder, L'\\');
        if (!last) return fail(broken);
        *last = 0;
    }
    const wchar_t *given = words(GetCommandLineW());
    if (wcslen(folder) + wcslen(given) + 128 > LONGEST) return fail(L"Too many files at once.\n");
    wcscpy(line, L"\"");
    wcscat(line, folder);
    wcscat(line, INTERPRETER L"\" -m spaceport_app ");
#ifndef CONSOLE
    /* What is dropped on the icon or opened in the file manager is a path, never a command. */
    if (*given) wcscat(line, L"open ");
#endif
    wcscat(line, given);
    /* A program that lies in the folder of a document is none that Spaceport asked for. */
    SetEnvironmentVariableW(L"NoDefaultCurrentDirectoryInExePath", L"1");
    CreateMutexW(NULL, FALSE, L"Local\\Spaceport.open");
    STARTUPINFOW how = {.cb = sizeof how};
    PROCESS_INFORMATION child;
    if (!CreateProcessW(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &how, &child))
        return fail(broken);
    DWORD began = GetTickCount(), code = 1;
    WaitForSingleObject(child.hProcess, INFINITE);
    GetExitCodeProcess(child.hProcess, &code);
#ifndef CONSOLE
    if (code && GetTickCount() - began < SOON_MS)
        fail(L"Spaceport ended with an error. In a terminal, \"bin\\spaceport.exe doctor\" in its "
             L"folder says what is missing; running Setup again repairs it.");
#endif
    (void)began;
    return (int)code;
}

#ifdef CONSOLE
/* Ctrl-C is for the child, which stops in its own time; this waits for it. */
static BOOL WINAPI wait_for_child(DWORD event) {
    return event == CTRL_C_EVENT || event == CTRL_BREAK_EVENT;
}

int main(void) {
    SetConsoleCtrlHandler(wait_for_child, TRUE);
    return start();
}
#else
int WINAPI WinMain(HINSTANCE own, HINSTANCE before, LPSTR arguments, int show) {
    (void)own, (void)before, (void)arguments, (void)show;
    return start();
}
#endif
