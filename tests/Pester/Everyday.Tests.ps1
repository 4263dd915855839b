# The tasks of every day, each as an administrator would type it.
BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    Import-Module "$PSScriptRoot/../../out/Splice"
}

Describe 'Every day' {
    BeforeEach {
        $script:folder = "$TestDrive/$([guid]::NewGuid())"
        $null = New-Item -ItemType Directory "$folder/site/css", "$folder/site/.git"
        foreach ($name in 'index.html', 'css/main.css', '.htaccess', '.git/config') {
            [IO.File]::WriteAllText("$folder/site/$name", "content of $name")
        }

        Push-Location $folder
    }

    AfterEach {
        Pop-Location
    }

    It 'writes a manifest with the hash of each file' {
        Copy-ItemZeroCopy site backup -Recurse -HashAlgorithm SHA256 -PerFile |
            Select-Object FullName, Length, Hash | Export-Csv manifest.csv
        $rows = Import-Csv manifest.csv
        $rows | Should -HaveCount 4
        foreach ($row in $rows) {
            $row.FullName | Should -BeLike "$folder/backup/*"
            $row.Hash | Should -BeExactly (Get-FileHash -LiteralPath $row.FullName).Hash
            $row.Length | Should -Be (Get-Item -Force -LiteralPath $row.FullName).Length
        }
    }

    It 'verifies a copy with Get-FileHash' {
        $result = Copy-ItemZeroCopy site/index.html copy.html -HashAlgorithm SHA1
        $hash = $result | Get-FileHash -Algorithm SHA1
        $result.Hash, $result.Algorithm | Should -Be $hash.Hash, $hash.Algorithm
    }

    It 'writes the results to a CSV file' {
        Copy-ItemZeroCopy site backup -Recurse -PerFile | Export-Csv results.csv
        $rows = Import-Csv results.csv
        $rows.Name | Sort-Object | Should -Be '.htaccess', 'config', 'index.html', 'main.css'
        $rows.Status | Sort-Object -Unique | Should -BeExactly 'Copied'
        (Get-Content results.csv) -match 'System\.Collections' | Should -BeNullOrEmpty
    }

    It 'copies hidden files, in folders always and by a wildcard with -Force' {
        $null = Copy-ItemZeroCopy site backup -Recurse
        Test-Path backup/.htaccess, backup/.git/config | Should -Be $true, $true
        $null = New-Item -ItemType Directory visible, all
        (Copy-ItemZeroCopy site/* visible -Recurse).Name | Sort-Object | Should -Be 'css', 'index.html'
        (Copy-ItemZeroCopy site/* all -Recurse -Force).Name | Sort-Object | Should -Be '.git', '.htaccess', 'css', 'index.html'
    }

    It 'copies files with brackets in their names, several at once' {
        $null = New-Item -ItemType Directory to
        1..4 | ForEach-Object { [IO.File]::WriteAllText("$folder/photo [$_].jpg", "$_") }
        $module = "$PSScriptRoot/../../out/Splice"
        Get-ChildItem -LiteralPath $folder -File | ForEach-Object -Parallel {
            Import-Module $using:module
            $null = Copy-ItemZeroCopy $_ "$using:folder/to"
        }
        (Get-ChildItem to).Name | Should -Be (1..4 | ForEach-Object { "photo [$_].jpg" })
    }

    It 'copies to where one is' {
        $null = New-Item -ItemType Directory here
        Set-Location here
        $null = Copy-ItemZeroCopy ../site -Recurse
        Get-Content site/index.html | Should -BeExactly 'content of index.html'
    }

    It 'moves a folder' {
        Move-ItemZeroCopy site moved
        Test-Path site | Should -BeFalse
        Get-Content moved/css/main.css | Should -BeExactly 'content of css/main.css'
        Get-Content moved/.git/config | Should -BeExactly 'content of .git/config'
    }
}
