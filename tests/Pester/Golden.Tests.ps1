# What a terminal shows is in Golden/WIDTH.txt. SPLICE_GOLDEN=1 writes the files anew: then look at what has changed.
BeforeAll {
    . "$PSScriptRoot/Common.ps1"

    function Get-Screen([int] $Width) {
        $server = "splice-$([guid]::NewGuid().ToString('N'))"
        $done = "$TestDrive/$Width"
        $command = "'$(Get-Pwsh)' -NoProfile -NoLogo -NoExit -File '$PSScriptRoot/Golden/Show.ps1' '$PSScriptRoot/../../out/Splice' '$done'"
        tmux -L $server -f /dev/null new-session -d -x $Width -y 200 $command
        try {
            Wait-Until { Test-Path $done } 'the tables being shown'
            Wait-Until { (tmux -L $server capture-pane -p) -like '== The end*' } 'the end being shown'
            $lines = tmux -L $server capture-pane -p
        }
        finally {
            tmux -L $server kill-server
        }

        $last = $lines.IndexOf('== The end')
        $lines[0..($last - 1)] | ForEach-Object TrimEnd
    }
}

Describe 'A terminal of <_> columns' -ForEach 80, 100 {
    It 'shows the tables and errors of the golden file' {
        if (-not (Get-Command tmux -ErrorAction Ignore)) { Set-ItResult -Skipped -Because 'tmux is not here'; return }
        $shown = @(Get-Screen $_)
        $golden = "$PSScriptRoot/Golden/$_.txt"
        if ($env:SPLICE_GOLDEN) { $shown | Set-Content $golden }
        ($shown -join "`n") | Should -BeExactly ((Get-Content $golden) -join "`n")
    }

    It 'is wide enough for the name of each destination' {
        $text = (Get-Content -Raw "$PSScriptRoot/Golden/$_.txt") -replace '\n {14}'
        ([regex]::Matches($text, 'holiday\.mov')).Count | Should -Be 4 -Because 'the copy has it in its table and twice in its list, and the host in its table'
    }
}
